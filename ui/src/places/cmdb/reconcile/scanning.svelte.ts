/**
 * Scanning into the queue: where one stands, what came of each scan, and what takes the last one back. Codes are dealt with
 * one after the other, however fast they come. Some codes are for the window itself, so that a printed sheet of them does
 * what would else need a key.
 */
import type { CodeKind } from '../../../bindings/CodeKind';
import type { ScanAnswer } from '../../../bindings/ScanAnswer';
import type { ScanOutcome } from '../../../bindings/ScanOutcome';
import { asCallError, type Backend } from '../../../lib/backend/backend';
import { play } from './tones';

/** What is said about the last scan. */
export type Said =
  | { kind: 'answer'; code: string; answer: ScanAnswer }
  | { kind: 'refused'; why: string }
  | { kind: 'told'; what: string };

/** Codes for the window begin so: `SLIPWAY:UNDO`, `SLIPWAY:RACK:B2`. */
const OWN = /^slipway:(undo|site|room|rack)(?::(.*))?$/i;

const NOTHING: Record<ScanOutcome, number> = { matches: 0, elsewhere: 0, unknown: 0, ambiguous: 0 };

export class Scanning {
  on = $state(false);
  site = $state('');
  room = $state('');
  rack = $state('');
  otherwise = $state<CodeKind>('asset_tag');
  said = $state.raw<Said>();
  counts = $state.raw(NOTHING);
  /** Answers, the last one at the end. */
  #answers = $state.raw<ScanAnswer[]>([]);
  #work: Promise<void> = Promise.resolve();

  get total(): number {
    return this.#answers.length;
  }

  /** Takes a code as it comes from the scanner. */
  take(backend: Backend, code: string): Promise<void> {
    const own = OWN.exec(code.trim());
    const word = own?.[1]?.toLowerCase();
    if (word === 'undo') return this.undo(backend);
    if (word === 'site' || word === 'room' || word === 'rack') {
      this[word] = (own?.[2] ?? '').trim();
      this.said = { kind: 'told', what: this[word] === '' ? `No ${word}` : `Now at ${word} ${this[word]}` };
      return Promise.resolve();
    }
    return this.#next(() => this.#scan(backend, code));
  }

  undo(backend: Backend): Promise<void> {
    return this.#next(() => this.#undo(backend));
  }

  /** Begins the count anew. */
  reset(): void {
    this.#answers = [];
    this.counts = NOTHING;
    this.said = undefined;
  }

  async #scan(backend: Backend, code: string): Promise<void> {
    const { site, room, rack, otherwise } = this;
    const answer = await backend.call('observations.scan', { code, site, room, rack, otherwise });
    this.#answers = [...this.#answers, answer];
    this.#count(answer, 1);
    this.said = { kind: 'answer', code, answer };
    play(answer.outcome);
  }

  async #undo(backend: Backend): Promise<void> {
    const last = this.#answers.at(-1);
    if (!last) {
      this.said = { kind: 'told', what: 'No scan is left to take back' };
      return;
    }
    await backend.call('observations.undo_scan', last.undo);
    this.#answers = this.#answers.slice(0, -1);
    this.#count(last, -1);
    this.said = { kind: 'told', what: `Taken back: ${last.label}` };
    play('undone');
  }

  #count({ outcome }: ScanAnswer, by: number): void {
    this.counts = { ...this.counts, [outcome]: this.counts[outcome] + by };
  }

  #next(work: () => Promise<void>): Promise<void> {
    this.#work = this.#work.then(work).catch((reason: unknown) => {
      const error = asCallError(reason);
      const why =
        error.kind === 'refused'
          ? error.findings.map(({ sentence, way_out }) => `${sentence} ${way_out}`).join(' ')
          : `${error.sentence} ${error.way_out}`;
      this.said = { kind: 'refused', why };
      play('refused');
    });
    return this.#work;
  }
}

/** One for the window: where one stands stays when one looks something up in between. */
export const scanning = new Scanning();
