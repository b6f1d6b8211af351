/** Places of a list, as the calls that fetch them. */

/** Lines asked for in one call. */
const LINES_A_CALL_MOST = 200;

/** The runs of places that follow one another, each at most as long as one call allows. */
export function ranges(places: readonly number[]): { from: number; limit: number }[] {
  const found: { from: number; limit: number }[] = [];
  for (const place of [...places].sort((a, b) => a - b)) {
    const last = found.at(-1);
    if (last && place < last.from + last.limit) continue;
    if (last && place === last.from + last.limit && last.limit < LINES_A_CALL_MOST) last.limit += 1;
    else found.push({ from: place, limit: 1 });
  }
  return found;
}
