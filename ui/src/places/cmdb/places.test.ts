import { describe, expect, it } from 'vitest';
import { ranges } from './places';

describe('places', () => {
  it.each([
    [[], []],
    [[4], [{ from: 4, limit: 1 }]],
    [[2, 3, 4], [{ from: 2, limit: 3 }]],
    [
      [9, 0, 1, 1],
      [
        { from: 0, limit: 2 },
        { from: 9, limit: 1 },
      ],
    ],
  ])('%j are fetched as %j', (places, want) => {
    expect(ranges(places)).toEqual(want);
  });

  it('asks for no more than a call gives', () => {
    const places = Array.from({ length: 450 }, (_, place) => place);
    expect(ranges(places).map(({ limit }) => limit)).toEqual([200, 200, 50]);
  });
});
