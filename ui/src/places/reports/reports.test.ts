import { describe, expect, it } from 'vitest';
import { figure, parseDay, periodOf, ticks } from './reports';

const HOUR = 3_600_000;

describe('a figure', () => {
  it.each([
    [null, 'count', '–'],
    [12, 'count', '12'],
    [875, 'per_mille', '87.5 %'],
    [25 * 60_000, 'time', '25 min'],
    [1.5 * HOUR, 'time', '1.5 h'],
    [84 * HOUR, 'time', '3.5 d'],
    [-2 * HOUR, 'time', '-2.0 h'],
  ] as const)('%s as %s is %s', (value, unit, shown) => expect(figure(value, unit)).toBe(shown));
});

describe('a period', () => {
  const now = Date.UTC(2026, 10, 27, 12);

  it('ends with today', () => {
    expect(periodOf('year', now)).toBeUndefined();
    expect(periodOf('month', now)).toEqual({ start: Date.UTC(2026, 9, 29), end: Date.UTC(2026, 10, 28) });
    expect(periodOf('years', now)?.start).toBe(Date.UTC(2022, 0, 1));
  });

  it('is written in days', () => {
    expect(parseDay('2026-11-27')).toBe(Date.UTC(2026, 10, 27));
    expect(parseDay('yesterday')).toBeUndefined();
  });
});

describe('a scale', () => {
  it.each([
    [0, [0, 1]],
    [3, [0, 1, 2, 3]],
    [10, [0, 5, 10]],
    [37, [0, 10, 20, 30, 40]],
  ])('up to %s has %j', (largest, expected) => expect(ticks(largest)).toEqual(expected));
});
