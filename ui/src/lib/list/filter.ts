/** Places in a filter are counted in characters, as a person counts them, not in the units of a JavaScript string. */

/** The text before a place, and what is wrong there. */
export function split(text: string, at: number, length: number): { before: string; wrong: string } {
  const chars = [...text];
  return { before: chars.slice(0, at).join(''), wrong: chars.slice(at, at + length).join('') };
}

/** The text with a part replaced, and where the caret goes: after what was put in. */
export function replaced(text: string, from: number, to: number, insert: string): { text: string; caret: number } {
  const chars = [...text];
  const before = chars.slice(0, from).join('') + insert;
  const after = chars.slice(to).join('');
  const rest = insert.endsWith(' ') ? after.replace(/^ /, '') : after;
  return { text: before + rest, caret: before.length };
}
