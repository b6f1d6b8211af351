import { describe, expect, it } from 'vitest';
import * as format from './format';

const HERE = { locale: 'en-GB', timeZone: 'Europe/Berlin' };
const SATURDAY_22 = Date.UTC(2026, 10, 28, 21, 0);
const HOUR = 3_600_000;

describe('times', () => {
  it('name the zone where people agree on them', () => {
    expect(format.dateTime(SATURDAY_22, HERE)).toMatch(/^Sat.* 28 Nov 2026.*22:00 CET$/);
  });

  it('are short today, and carry the date otherwise', () => {
    expect(format.when(SATURDAY_22, SATURDAY_22 + HOUR, HERE)).toBe('22:00');
    expect(format.when(SATURDAY_22, SATURDAY_22 + 48 * HOUR, HERE)).toBe('28 Nov, 22:00');
    expect(format.when(SATURDAY_22, SATURDAY_22 + 400 * 24 * HOUR, HERE)).toBe('28 Nov 2026');
  });

  it('of a night are one window, of days are two dates', () => {
    expect(format.timeWindow(SATURDAY_22, SATURDAY_22 + 4 * HOUR, HERE)).toMatch(/^Sat,? 28 Nov 22:00–02:00$/);
    expect(format.timeWindow(SATURDAY_22, SATURDAY_22 + 30 * HOUR, HERE)).toContain(' – ');
  });

  it.each([
    [0, 'now'],
    [-2 * HOUR, '2 h ago'],
    [90 * 60_000, 'in 1 h'],
    [-5 * 60_000, '5 min ago'],
    [73 * HOUR, 'in 3 d'],
  ])('%d ms away are %s', (away, words) => expect(format.distance(SATURDAY_22 + away, SATURDAY_22)).toBe(words));

  it.each(['2026-11-28 22:00', '2026-11-28T22:00', '2026-11-28'])('%s can be written', (text) => {
    const at = format.parseTime(text);
    expect(at).toBeDefined();
    expect(format.writeTime(at ?? 0)).toContain('2026-11-28');
  });

  it.each(['', 'tomorrow', '2026-02-30 10:00', '2026-11-28 25:00'])('"%s" is no time', (text) =>
    expect(format.parseTime(text)).toBeUndefined(),
  );
});

describe('numbers', () => {
  it.each([
    [0, '0 min'],
    [90, '1 h 30 min'],
    [1_500, '1 d 1 h'],
  ])('%d minutes are %s', (minutes, words) => expect(format.duration(minutes)).toBe(words));

  it.each([
    [0, '0 B'],
    [1_400_000_000, '1.4 GB'],
    [999, '999 B'],
  ])('%d bytes are %s', (bytes, words) => expect(format.size(bytes)).toBe(words));

  it('are counted with their noun', () => {
    expect(format.counted(1, 'change')).toBe('1 change');
    expect(format.counted(3, 'reply', 'replies')).toBe('3 replies');
  });
});

it('a digest is short enough to compare by eye', () => expect(format.shortDigest('8f3a99c1')).toBe('8f3a99c1'));
it('a code without words is readable', () => expect(format.words('plan_and_design')).toBe('Plan and design'));
