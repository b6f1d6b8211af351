import { describe, expect, it } from 'vitest';
import { addDays, addMonths, daysOf, parseDay, spanOf, startOf, turn, weekOf } from './calendar';
import { blocks, isShort, lanes, stretch } from './layout';

const HOUR = 3_600_000;
const at = (day: string, hour: number) => startOf(day) + hour * HOUR;
const thing = (id: string, from: [string, number], to: [string, number]) => ({
  id,
  window: { start: at(...from), end: at(...to) },
});

describe('a day', () => {
  it('is found in an address, unless there is none of that name', () => {
    expect(parseDay('2026-12-05')).toBe('2026-12-05');
    expect(parseDay('2026-02-30')).toBeUndefined();
    expect(parseDay('tomorrow')).toBeUndefined();
  });

  it('of a longer month is the last of a shorter one', () => {
    expect(addMonths('2026-12-31', 2)).toBe('2027-02-28');
    expect(addMonths('2027-01-31', -1)).toBe('2026-12-31');
    expect(addDays('2026-12-31', 1)).toBe('2027-01-01');
  });

  it('is in the week that begins as weeks do here', () => {
    expect(weekOf('2026-12-06', 1)).toBe('2026-11-30');
    expect(weekOf('2026-12-06', 7)).toBe('2026-12-06');
  });
});

describe('a view', () => {
  it('shows whole weeks', () => {
    const month = daysOf('month', '2026-12-15', 1);
    expect([month.length, month[0], month.at(-1)]).toEqual([35, '2026-11-30', '2027-01-03']);
    expect(daysOf('month', '2027-02-10', 1)).toHaveLength(28);
    expect(daysOf('week', '2026-12-05', 1)).toEqual([
      '2026-11-30',
      '2026-12-01',
      '2026-12-02',
      '2026-12-03',
      '2026-12-04',
      '2026-12-05',
      '2026-12-06',
    ]);
    expect(spanOf(month).end).toBe(startOf('2027-01-04'));
  });

  it('turns by its own length', () => {
    expect(turn('week', '2026-12-29', 1)).toBe('2027-01-05');
    expect(turn('timeline', '2026-12-29', -1)).toBe('2026-11-29');
  });
});

describe('a week', () => {
  const week = daysOf('week', '2026-12-02', 1);

  it('keeps a night in the day on which it begins', () => {
    const night = thing('night', ['2026-12-05', 22], ['2026-12-06', 2]);
    expect(isShort(night.window)).toBe(true);
    expect(lanes(week, [night])).toMatchObject([{ from: 5, to: 5, before: false, after: false }]);
    const before = thing('before', ['2026-11-29', 22], ['2026-11-30', 2]);
    expect(lanes(week, [before]), 'it is of the week before').toEqual([]);
  });

  it('gives what overlaps lanes of its own, the longest first', () => {
    const bars = lanes(week, [
      thing('short', ['2026-12-01', 8], ['2026-12-01', 9]),
      thing('long', ['2026-11-28', 0], ['2026-12-03', 0]),
      thing('later', ['2026-12-03', 8], ['2026-12-12', 0]),
    ]);
    expect(bars.map(({ of, from, to, lane, before, after }) => [of.id, from, to, lane, before, after])).toEqual([
      ['long', 0, 2, 0, true, false],
      ['short', 1, 1, 1, false, false],
      ['later', 3, 6, 0, false, true],
    ]);
  });

  it('puts what overlaps in a day side by side, and nothing else', () => {
    const found = blocks('2026-12-05', [
      thing('a', ['2026-12-05', 6], ['2026-12-05', 12]),
      thing('b', ['2026-12-05', 9], ['2026-12-05', 10]),
      thing('c', ['2026-12-05', 10], ['2026-12-05', 11]),
      thing('d', ['2026-12-05', 18], ['2026-12-06', 6]),
    ]);
    expect(found.map(({ of, top, height, column, columns }) => [of.id, top, height, column, columns])).toEqual([
      ['a', 0.25, 0.25, 0, 2],
      ['b', 9 / 24, 1 / 24, 1, 2],
      ['c', 10 / 24, 1 / 24, 1, 2],
      ['d', 0.75, 0.25, 0, 1],
    ]);
    expect(found[3]).toMatchObject({ before: false, after: true });
  });
});

describe('a line', () => {
  it('is covered by what of a window falls into it', () => {
    const line = { start: 0, end: 10 };
    expect(stretch({ start: 2, end: 4 }, line)).toEqual({ from: 0.2, width: 0.2 });
    expect(stretch({ start: -5, end: 40 }, line)).toEqual({ from: 0, width: 1 });
  });
});
