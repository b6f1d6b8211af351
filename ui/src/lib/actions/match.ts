/** Forgiving match of what was written against titles: words in any order, beginnings before middles, letters in order last. */

/** 0 is no match; higher is better. */
export function score(query: string, title: string, aliases: readonly string[] = []): number {
  const wanted = query.trim().toLowerCase();
  if (wanted === '') return 1;
  return Math.max(
    scoreOne(wanted, title.toLowerCase()),
    ...aliases.map((alias) => scoreOne(wanted, alias.toLowerCase()) * 0.9),
  );
}

function scoreOne(wanted: string, text: string): number {
  if (text.startsWith(wanted)) return 100;
  const words = text.split(/[\s-]+/);
  const parts = wanted.split(/\s+/);
  if (parts.every((part) => words.some((word) => word.startsWith(part)))) return 80;
  if (parts.every((part) => text.includes(part))) return 50;
  if (inOrder(wanted.replaceAll(' ', ''), text)) return 10;
  return 0;
}

function inOrder(letters: string, text: string): boolean {
  let from = 0;
  for (const letter of letters) {
    const at = text.indexOf(letter, from);
    if (at < 0) return false;
    from = at + 1;
  }
  return true;
}
