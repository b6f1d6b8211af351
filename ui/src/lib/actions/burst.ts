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

export interface Pressed {
  key: string;
  at: number;
}

/** What the held keys turned out to be. */
export type Judged<Key extends Pressed> = { kind: 'scan'; code: string } | { kind: 'typed'; keys: Key[] };

export class Burst<Key extends Pressed> {
  #held: Key[] = [];

  /** A prefix that the scanner was set to send; such a burst is a scan however short it is. */
  constructor(public prefix = '') {}

  get holding(): boolean {
    return this.#held.length > 0;
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
    return {
      kind: 'scan',
      code: keys
        .map(({ key }) => key)
        .join('')
        .slice(this.#prefixed(keys) ? this.prefix.length : 0),
    };
  }

  /** Gives the held keys back as typed: another key, a click or a lost focus came between. */
  flush(): Key[] {
    const keys = this.#held;
    this.#held = [];
    return keys;
  }

  #isScan(): boolean {
    return (
      this.#held.length >= SCAN_KEYS_LEAST || (this.#prefixed(this.#held) && this.#held.length > this.prefix.length)
    );
  }

  #prefixed(keys: Key[]): boolean {
    return (
      this.prefix !== '' &&
      keys
        .slice(0, this.prefix.length)
        .map(({ key }) => key)
        .join('') === this.prefix
    );
  }
}
