import { describe, expect, it } from 'vitest';
import { Burst, type Pressed } from './burst';

/** Presses the keys of a text with one gap between them; returns what was found to be typed on the way. */
function press(burst: Burst<Pressed>, text: string, gapMs: number, from = 0): { typed: string; last: number } {
  let typed = '';
  let at = from;
  for (const [index, key] of [...text].entries()) {
    at = from + index * gapMs;
    typed += burst
      .press({ key, at })
      .map((one) => one.key)
      .join('');
  }
  return { typed, last: at };
}

describe('a burst', () => {
  it.each([7, 16, 34])('of keys %d ms apart that ends with Enter is a scan', (gapMs) => {
    const burst = new Burst();
    const { typed, last } = press(burst, 'FCW2233L0QX', gapMs);
    expect(typed).toBe('');
    expect(burst.end(last + gapMs)).toEqual({ kind: 'scan', code: 'FCW2233L0QX' });
    expect(burst.holding).toBe(false);
  });

  it('that ends with a pause is a scan too', () => {
    const burst = new Burst();
    press(burst, 'A12', 10);
    expect(burst.pause()).toEqual({ kind: 'scan', code: 'A12' });
  });

  it.each([35, 60, 120])('of keys %d ms apart is typing', (gapMs) => {
    const burst = new Burst();
    const { typed, last } = press(burst, 'approve', gapMs);
    expect(typed).toBe('approv');
    expect(burst.end(last + gapMs)).toEqual({ kind: 'typed', keys: [{ key: 'e', at: last }] });
  });

  it('of two keys is typing however fast', () => {
    const burst = new Burst();
    press(burst, 'gi', 8);
    expect(burst.pause()).toMatchObject({ kind: 'typed', keys: [{ key: 'g' }, { key: 'i' }] });
  });

  it('is not broken by one stutter below the pause', () => {
    const burst = new Burst();
    const { last } = press(burst, 'FCW', 10);
    expect(press(burst, '2233', 10, last + 45).typed).toBe('');
    expect(burst.pause()).toEqual({ kind: 'scan', code: 'FCW2233' });
  });

  it('with the scanner prefix is a scan however short, without the prefix in its code', () => {
    const burst = new Burst({ prefix: '~' });
    press(burst, '~7', 10);
    expect(burst.pause()).toEqual({ kind: 'scan', code: '7' });
    press(burst, '~', 10);
    expect(burst.pause()).toMatchObject({ kind: 'typed' });
  });

  it.each([
    ['~A1#', 'A1'],
    ['~A1', 'A1'],
    ['A1#', 'A1'],
    ['A#12', 'A#12'],
    ['ABC', 'ABC'],
  ])('of %s with a prefix and a suffix set is the code %s', (sent, code) => {
    const burst = new Burst({ prefix: '~', suffix: '#' });
    press(burst, sent, 10);
    expect(burst.pause()).toEqual({ kind: 'scan', code });
  });

  it('takes the key that is not its end as part of the code', () => {
    const burst = new Burst({ end: 'tab' });
    const { last } = press(burst, 'SN1', 10);
    expect(burst.isWithin('Enter', last + 10)).toBe(true);
    expect(burst.isWithin('Tab', last + 10)).toBe(false);
    expect(burst.isWithin('Enter', last + 60)).toBe(false);
    expect(new Burst().isWithin('Enter', last)).toBe(false);
  });

  it('gives held keys back when something else comes between', () => {
    const burst = new Burst();
    press(burst, 'abc', 10);
    expect(burst.flush().map(({ key }) => key)).toEqual(['a', 'b', 'c']);
    expect(burst.pause()).toEqual({ kind: 'typed', keys: [] });
  });
});
