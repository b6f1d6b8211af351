/**
 * Which rows of a long list are drawn, and where. An element cannot be higher than 33,554,428 px in WebKitGTK (14,913,080 on
 * a scaled Blink), so the spacer is capped and the scroll position scaled; while scaled, wheel and keys move by rows.
 * Pure: the grid keeps `first`, the row at the top edge, as a fraction.
 */

export const SPACER_MOST_PX = 8_000_000;

export interface Geometry {
  count: number;
  rowPx: number;
  viewportPx: number;
}

export function spacerPx({ count, rowPx }: Geometry): number {
  return Math.min(count * rowPx, SPACER_MOST_PX);
}

export function isScaled({ count, rowPx }: Geometry): boolean {
  return count * rowPx > SPACER_MOST_PX;
}

/** Rows that fit; a fraction. */
export function rowsInView({ rowPx, viewportPx }: Geometry): number {
  return viewportPx / rowPx;
}

/** The greatest `first`: the last row touches the lower edge. */
export function lastFirst(of: Geometry): number {
  return Math.max(0, of.count - rowsInView(of));
}

export function clampFirst(first: number, of: Geometry): number {
  return Math.min(Math.max(0, first), lastFirst(of));
}

/** The row at the top edge for a scroll position. */
export function firstAt(scrollTopPx: number, of: Geometry): number {
  if (!isScaled(of)) return clampFirst(scrollTopPx / of.rowPx, of);
  const way = spacerPx(of) - of.viewportPx;
  return clampFirst((scrollTopPx / way) * lastFirst(of), of);
}

/** The scroll position for the row at the top edge. */
export function scrollTopPx(first: number, of: Geometry): number {
  if (!isScaled(of)) return clampFirst(first, of) * of.rowPx;
  const way = spacerPx(of) - of.viewportPx;
  return (clampFirst(first, of) / lastFirst(of)) * way;
}

/** The rows to draw, some more than are in view on both sides. */
export function drawn(first: number, of: Geometry, more = 6): { start: number; end: number } {
  const start = Math.max(0, Math.floor(first) - more);
  const end = Math.min(of.count, Math.ceil(first + rowsInView(of)) + more);
  return { start, end: Math.max(start, end) };
}

/** Where a row lies from the top edge of the view; far rows (the focused one) are kept just outside it. */
export function topPx(index: number, first: number, of: Geometry): number {
  const top = (index - first) * of.rowPx;
  return Math.min(Math.max(top, -8 * of.rowPx), of.viewportPx + 8 * of.rowPx);
}

/** The nearest `first` with which the whole row is in view. */
export function reveal(index: number, first: number, of: Geometry): number {
  if (index < first) return clampFirst(index, of);
  const last = index + 1 - rowsInView(of);
  return last > first ? clampFirst(last, of) : first;
}
