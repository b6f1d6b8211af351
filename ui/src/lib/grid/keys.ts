/** The keys of a grid, as in the ARIA Authoring Practices, with J and K. Pure: from where one is to where one goes. */

export interface Cell {
  /** -1 is the header. */
  row: number;
  column: number;
}

export interface Extent {
  rows: number;
  columns: number;
  page: number;
}

/** The cell that a key goes to; undefined if the key is not the grid's. */
export function move(event: KeyboardEvent, { row, column }: Cell, { rows, columns, page }: Extent): Cell | undefined {
  if (event.altKey || event.metaKey) return undefined;
  const clamp = (to: number, least = 0): number => Math.max(least, Math.min(rows - 1, to));
  const onRow = (to: number): Cell => ({ row: rows === 0 ? -1 : to, column });
  if (event.ctrlKey) {
    if (event.key === 'Home') return { row: rows === 0 ? -1 : 0, column: 0 };
    if (event.key === 'End') return { row: rows === 0 ? -1 : rows - 1, column: columns - 1 };
    return undefined;
  }
  switch (event.key) {
    case 'ArrowDown':
    case 'j':
    case 'J':
      return onRow(clamp(row + 1));
    case 'ArrowUp':
      return onRow(clamp(row - 1, -1));
    case 'k':
    case 'K':
      return onRow(clamp(row - 1));
    case 'PageDown':
      return onRow(clamp(row + page));
    case 'PageUp':
      return onRow(clamp(row - page));
    case 'ArrowRight':
      return { row, column: Math.min(columns - 1, column + 1) };
    case 'ArrowLeft':
      return { row, column: Math.max(0, column - 1) };
    case 'Home':
      return { row, column: 0 };
    case 'End':
      return { row, column: columns - 1 };
    default:
      return undefined;
  }
}
