/**
 * Tells a scanner from a person by rhythm alone: pure, no clock, no DOM. A wedge scanner is a keyboard, so printable keys are
 * held until it is certain that they were typed; what was scanned is never seen by anything that reads single keys.
 */

/** A printable key is held this long before it counts as typed; a longer silence ends a burst. */
export const HOLD_MS = 50;
/** Scanners send a key each 7 to 16 ms; hands do not get below this three times in a row. */
export const SCAN_GAP_MS = 35;
/** Keys that make a burst. */
export const SCAN_KEYS_LEAST = 3;
/** No code is longer; a stuck scanner must not fill the memory. */
export const SCAN_KEYS_MOST = 4_096;

/** What ends a scan: a scanner set to one of the two may send the other as part of a code of several lines or fields. */
export type ScannerEnd = 'either' | 'enter' | 'tab';

/** How the scanner of this laptop was set. A burst with its prefix or suffix is a scan however short it is. */
export interface ScannerMarks {
  prefix: string;
  suffix: string;
  end: ScannerEnd;
}

const NO_MARKS: ScannerMarks = { prefix: '', suffix: '', end: 'either' };

export interface Pressed {
  key: string;
  at: number;
}

/** What the held keys turned out to be. */
export type Judged<Key extends Pressed> = { kind: 'scan'; code: string } | { kind: 'typed'; keys: Key[] };

export class Burst<Key extends Pressed> {
  #held: Key[] = [];
  marks: ScannerMarks;

  constructor(marks: Partial<ScannerMarks> = {}) {
    this.marks = { ...NO_MARKS, ...marks };
  }

  get holding(): boolean {
    return this.#held.length > 0;
  }

  /** Whether Enter or Tab at this moment is part of the code, because the scanner ends codes with the other of them. */
  isWithin(key: 'Enter' | 'Tab', at: number): boolean {
    const last = this.#held.at(-1);
    const isEnd = this.marks.end === 'either' || this.marks.end === key.toLowerCase();
    return !isEnd && last !== undefined && at - last.at < HOLD_MS && this.#isScan();
  }

  /** Takes a printable key; returns the earlier keys that it shows to have been typed. */
  press(key: Key): Key[] {
    const last = this.#held.at(-1);
    // Once it is a burst, a stutter below the pause does not break the code in two.
    const together = last !== undefined && key.at - last.at < (this.#isScan() ? HOLD_MS : SCAN_GAP_MS);
    const typed = together && this.#held.length < SCAN_KEYS_MOST ? [] : this.flush();
    this.#held.push(key);
    return typed;
  }

  /** Enter or Tab came. */
  end(at: number): Judged<Key> {
    const last = this.#held.at(-1);
    if (last === undefined || at - last.at >= HOLD_MS) return { kind: 'typed', keys: this.flush() };
    return this.pause();
  }

  /** Nothing came for HOLD_MS. */
  pause(): Judged<Key> {
    const scan = this.#isScan();
    const keys = this.flush();
    if (!scan) return { kind: 'typed', keys };
    const { prefix, suffix } = this.marks;
    const text = keys.map(({ key }) => key).join('');
    const code = text.slice(prefix !== '' && text.startsWith(prefix) ? prefix.length : 0);
    return { kind: 'scan', code: suffix !== '' && code.endsWith(suffix) ? code.slice(0, -suffix.length) : code };
  }

  /** Gives the held keys back as typed: another key, a click or a lost focus came between. */
  flush(): Key[] {
    const keys = this.#held;
    this.#held = [];
    return keys;
  }

  #isScan(): boolean {
    return this.#held.length >= SCAN_KEYS_LEAST || this.#isMarked();
  }

  #isMarked(): boolean {
    const { prefix, suffix } = this.marks;
    if (prefix === '' && suffix === '') return false;
    const text = this.#held.map(({ key }) => key).join('');
    const longer = (mark: string) => mark !== '' && text.length > mark.length;
    return (longer(prefix) && text.startsWith(prefix)) || (longer(suffix) && text.endsWith(suffix));
  }
}
