/**
 * Cataloguing: what stays set from scan to scan, what came of each, what takes the last one back. Codes are dealt with one
 * after the other however fast they come, and none is dropped: what is refused stays in the list with its reason.
 */
import type { Bin } from '../../../bindings/Bin';
import type { CatalogueAnswer } from '../../../bindings/CatalogueAnswer';
import type { CatalogueOutcome } from '../../../bindings/CatalogueOutcome';
import type { Condition } from '../../../bindings/Condition';
import type { Hue } from '../../../bindings/Hue';
import type { Named } from '../../../bindings/Named';
import { asCallError, type Backend } from '../../../lib/backend/backend';
import { play } from './tones';

/** A scan and what came of it. */
export interface Line {
  n: number;
  at: number;
  code: string;
  hue: Hue;
  word: string;
  label: string;
  sentence: string;
  answer?: CatalogueAnswer;
}

/** Lines that are drawn; all are counted. */
export const LINES_SHOWN = 100;
/** Scans that can be taken back, one by one. */
const UNDONE_MOST = 1_000;

export const OUTCOMES: Record<CatalogueOutcome, { word: string; hue: Hue }> = {
  received: { word: 'received', hue: 'ok' },
  counted: { word: 'counted', hue: 'ok' },
  tagged: { word: 'tagged', hue: 'ok' },
  taken_in: { word: 'taken in', hue: 'ok' },
  duplicate: { word: 'here already', hue: 'info' },
  elsewhere: { word: 'known elsewhere', hue: 'warn' },
  model: { word: 'model set', hue: 'info' },
  own: { word: 'done', hue: 'neutral' },
  unknown: { word: 'unknown', hue: 'bad' },
  ambiguous: { word: 'ambiguous', hue: 'warn' },
};

export class Cataloguing {
  bin = $state.raw<Bin>({ site: null, store: '', aisle: '', shelf: '', bin: '' });
  model = $state.raw<Named>();
  condition = $state<Condition>('new');
  order = $state('');
  /** After each new unit its asset tag is scanned. */
  asksTag = $state(false);
  /** The unit whose tag comes next. */
  tagOf = $state.raw<{ id: string; label: string }>();
  lines = $state.raw<Line[]>([]);
  /** Scans that changed something. */
  done = $state(0);
  /** Scans that need somebody. */
  open = $state(0);
  /** Codes that came and are not dealt with yet. */
  waiting = $state(0);
  #undo: Line[] = [];
  #n = $state(0);
  #line = 0;
  #work: Promise<void> = Promise.resolve();
  /** Told by a printed code that one is done. */
  onleave: () => void = () => undefined;

  get last(): Line | undefined {
    return this.lines[0];
  }

  get total(): number {
    return this.#n;
  }

  take(backend: Backend, code: string): Promise<void> {
    this.waiting += 1;
    return this.#next(code, () => this.#scan(backend, code));
  }

  /** The last code once more, and its unit is put here. */
  takeIn(backend: Backend): Promise<void> {
    const last = this.last;
    if (last?.answer?.outcome !== 'elsewhere') return Promise.resolve();
    this.waiting += 1;
    return this.#next(last.code, () => this.#scan(backend, last.code, true));
  }

  undo(backend: Backend): Promise<void> {
    this.waiting += 1;
    return this.#next('', () => this.#undoLast(backend));
  }

  noTag(): void {
    this.tagOf = undefined;
  }

  /** Begins the count anew. */
  reset(): void {
    [this.lines, this.done, this.open, this.#n, this.#undo] = [[], 0, 0, 0, []];
    this.tagOf = undefined;
  }

  async #scan(backend: Backend, code: string, takeIn = false): Promise<void> {
    const tagOf = takeIn ? undefined : this.tagOf;
    const answer = await backend.call('dhs.scan', {
      code,
      bin: this.bin,
      condition: this.condition,
      take_in: takeIn,
      ...(this.model ? { model: this.model.id } : {}),
      ...(this.order.trim() === '' ? {} : { order: this.order.trim() }),
      ...(tagOf ? { tag_of: tagOf.id } : {}),
    });
    if (answer.own) return this.#own(backend, answer);
    if (answer.outcome === 'model' && answer.model) this.model = answer.model;
    if (answer.outcome === 'tagged') this.tagOf = undefined;
    if (answer.outcome === 'received' && this.asksTag && answer.unit)
      this.tagOf = { id: answer.unit.id, label: answer.label };
    const line = this.#add(code, OUTCOMES[answer.outcome], answer.label, answer.sentence, answer);
    if (answer.undo) {
      this.#undo = [...this.#undo.slice(1 - UNDONE_MOST), line];
      this.done += 1;
    } else if (answer.outcome === 'taken_in') this.done += 1;
    if (['unknown', 'ambiguous', 'elsewhere'].includes(answer.outcome)) this.open += 1;
    play(answer.outcome);
  }

  async #own(backend: Backend, answer: CatalogueAnswer): Promise<void> {
    const { own } = answer;
    if (own === 'undo') return this.#undoLast(backend);
    if (own === 'done') this.onleave();
    if (typeof own === 'object' && own !== null && 'place' in own) this.bin = { ...own.place, site: this.bin.site };
    this.#add('', OUTCOMES.own, '', answer.sentence, answer);
    play('own');
  }

  async #undoLast(backend: Backend): Promise<void> {
    const last = this.#undo.at(-1);
    if (!last?.answer?.undo) {
      this.#add('', OUTCOMES.own, '', 'No scan is left to take back.');
      return;
    }
    await backend.call('dhs.undo_scan', last.answer.undo);
    this.#undo = this.#undo.slice(0, -1);
    this.done -= 1;
    this.tagOf = undefined;
    this.lines = this.lines.map((line) => (line.n === last.n ? { ...line, hue: 'neutral', word: 'taken back' } : line));
    this.#add('', OUTCOMES.own, last.label, 'Taken back.');
    play('undone');
  }

  #add(
    code: string,
    { word, hue }: { word: string; hue: Hue },
    label: string,
    sentence: string,
    answer?: CatalogueAnswer,
  ): Line {
    this.#n += code === '' ? 0 : 1;
    const line: Line = {
      n: (this.#line += 1),
      at: Date.now(),
      code,
      hue,
      word,
      label,
      sentence,
      ...(answer ? { answer } : {}),
    };
    this.lines = [line, ...this.lines].slice(0, LINES_SHOWN);
    return line;
  }

  #next(code: string, work: () => Promise<void>): Promise<void> {
    this.#work = this.#work
      .then(work)
      .catch((reason: unknown) => {
        const error = asCallError(reason);
        const why =
          error.kind === 'refused'
            ? error.findings.map(({ sentence, way_out }) => `${sentence} ${way_out}`).join(' ')
            : `${error.sentence} ${error.way_out}`;
        this.open += 1;
        this.#add(code, { word: 'refused', hue: 'bad' }, code, why);
        play('refused');
      })
      .finally(() => (this.waiting -= 1));
    return this.#work;
  }
}

/** One for the window: what is set stays when one looks something up in between. */
export const cataloguing = new Cataloguing();
