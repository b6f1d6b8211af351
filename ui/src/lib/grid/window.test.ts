import { describe, expect, it } from 'vitest';
import * as view from './window';

const short: view.Geometry = { count: 1_000, rowPx: 28, viewportPx: 560 };
const long: view.Geometry = { count: 1_000_000, rowPx: 28, viewportPx: 560 };

describe.each([
  ['a list that fits', short],
  ['a list of a million', long],
])('%s', (_, of) => {
  it('has a spacer the web view can lay out', () => {
    expect(view.spacerPx(of)).toBeLessThanOrEqual(view.SPACER_MOST_PX);
  });

  it('reaches its first and its very last row', () => {
    expect(view.firstAt(0, of)).toBe(0);
    const bottom = view.firstAt(view.spacerPx(of) - of.viewportPx, of);
    expect(view.drawn(bottom, of).end).toBe(of.count);
    expect(view.topPx(of.count - 1, bottom, of) + of.rowPx).toBeCloseTo(of.viewportPx, 3);
  });

  it.each([0, 0.5, 17, 333.25, 979])('puts row %d back where it was after scrolling', (first) => {
    expect(view.firstAt(view.scrollTopPx(first, of), of)).toBeCloseTo(view.clampFirst(first, of), 3);
  });

  it('draws only about what is in view', () => {
    const { start, end } = view.drawn(500, of);
    expect(end - start).toBeLessThanOrEqual(view.rowsInView(of) + 14);
    expect(start).toBeLessThan(500);
  });

  it('reveals a row with the least movement', () => {
    expect(view.reveal(510, 500, of)).toBe(500);
    expect(view.reveal(499, 500, of)).toBe(499);
    expect(view.reveal(520, 500, of)).toBe(501);
    expect(view.reveal(of.count - 1, 0, of)).toBe(view.lastFirst(of));
  });
});

it('a list shorter than its view does not scroll', () => {
  const of = { count: 3, rowPx: 28, viewportPx: 560 };
  expect(view.lastFirst(of)).toBe(0);
  expect(view.drawn(0, of)).toEqual({ start: 0, end: 3 });
});

it('an empty list draws nothing', () => {
  expect(view.drawn(0, { count: 0, rowPx: 28, viewportPx: 560 })).toEqual({ start: 0, end: 0 });
});
