/** Files that are dropped on the window: the place in sight may take them; what nobody takes is for the import. */

/** Says whether it takes these files, by their paths. */
type Taker = (paths: string[]) => boolean;

const takers: Taker[] = [];

/** Offers to take dropped files, before those who offered earlier, until the returned function is called. */
export function takeDrops(taker: Taker): () => void {
  takers.push(taker);
  return () => {
    const at = takers.indexOf(taker);
    if (at >= 0) takers.splice(at, 1);
  };
}

/** Whether anybody took them. */
export function taken(paths: string[]): boolean {
  return takers.toReversed().some((taker) => taker(paths));
}
