/**
 * What a place shows of its list: the ids of a short one, the parts of a long one. A list that changed takes the place of
 * the one in sight once the row one is on, and what is around it, is here: nothing flickers, nothing jumps.
 */
import type { CallError } from '../../bindings/CallError';
import type { Kind } from '../../bindings/Kind';
import type { ListRow } from '../../bindings/ListRow';
import type { OpenList } from '../../bindings/OpenList';
import { asCallError, type Backend } from '../backend/backend';
import type { Ids } from '../grid/ids';
import type { Rows } from '../live.svelte';
import { ListParts, PART } from './parts.svelte';

interface Place {
  backend: Backend;
  kind: Kind;
  rows: Rows<ListRow>;
  /** The row one is on. */
  current: () => string | undefined;
  /** The list is not kept any more, or was not put in order: it is to be opened again. */
  again: () => void;
}

export class Opened {
  /** Undefined until the first answer. */
  ids = $state.raw<string[] | Ids>();
  /** How many there are; undefined while they are being counted. */
  total = $state.raw<number>();
  /** What is shown answers this. */
  question = $state.raw('');
  /** Why a long list could not be put in order. */
  error = $state.raw<CallError>();
  #list: number | undefined;
  #turn = 0;

  constructor(private readonly place: Place) {}

  get parts(): ListParts | undefined {
    return this.ids instanceof ListParts ? this.ids : undefined;
  }

  /** Where ids lie in the list in sight, in the order asked for; null for what is not in it. */
  async places(ids: string[]): Promise<(number | null)[]> {
    if (this.#list === undefined) return ids.map((id) => this.#indexOf(id));
    return (await this.place.backend.call('lists.places', { list: this.#list, ids })).places;
  }

  /** Takes an answer to a question. */
  show(answer: OpenList, question: string): void {
    const { list } = answer;
    if (list !== null && list === this.#list) return;
    const turn = ++this.#turn;
    this.error = undefined;
    if (list === null) {
      this.#list = undefined;
      this.ids = answer.ids;
      this.total = answer.total;
      this.question = question;
      return;
    }
    void this.#showLong(turn, list, answer, question).catch((reason: unknown) => this.#failed(turn, reason));
  }

  async #showLong(turn: number, list: number, answer: OpenList, question: string): Promise<void> {
    let { total } = answer;
    if (!answer.is_ordered) {
      const ordering = this.place.backend.call('lists.order', { list });
      const isNew = this.ids === undefined || this.question !== question;
      if (isNew && answer.ids.length > 0) {
        // The first rows are seen at once; the others are drawn as soon as their order is known.
        // Where that is ended, another list takes its place.
        const ready = ordering.then(({ is_ended }) => (is_ended ? new Promise(() => undefined) : undefined));
        ready.catch(() => undefined);
        this.#put(list, this.#partsOf(list, total, answer.ids, ready), question);
        if (total === answer.ids.length) this.total = undefined;
      }
      const { total: counted, is_ended } = await ordering;
      if (turn !== this.#turn) return;
      if (is_ended) {
        this.place.again();
        return;
      }
      if (this.#list === list && counted === total) return;
      total = counted;
    }
    const parts = this.#partsOf(list, total, answer.ids);
    await this.#prepare(list, parts);
    if (turn === this.#turn) this.#put(list, parts, question);
  }

  #put(list: number, parts: ListParts, question: string): void {
    this.#list = list;
    this.ids = parts;
    this.total = parts.length;
    this.question = question;
  }

  /** The row one is on, and the rows around it, come before the list is shown. */
  async #prepare(list: number, parts: ListParts): Promise<void> {
    const current = this.place.current();
    if (current === undefined) return;
    const { places } = await this.place.backend.call('lists.places', { list, ids: [current] });
    const at = places[0];
    if (at === undefined || at === null) return;
    parts.ensure(at - PART / 2, at + PART / 2, at);
    await parts.reach(at);
    await parts.reach(Math.max(0, at - PART / 2));
    await parts.reach(Math.min(parts.length - 1, at + PART / 2));
  }

  #partsOf(list: number, length: number, first: string[], ready?: Promise<unknown>): ListParts {
    const { backend, rows } = this.place;
    const source = {
      part: async (from: number, count: number) => {
        const part = await backend.call('lists.part', { list, from, count });
        // Before their ids, or they would be asked for again.
        rows.put(part.rows);
        return part;
      },
      ids: async (from: number, count: number) =>
        (await backend.call('lists.part', { list, from, count, only_ids: true })).ids,
      failed: (reason: unknown) => {
        if (this.#list === list) this.#failed(this.#turn, reason);
      },
    };
    return new ListParts(source, length, first, ready);
  }

  #failed(turn: number, reason: unknown): void {
    const error = asCallError(reason);
    if (turn !== this.#turn) return;
    if (error.kind === 'trouble' && error.code === 'LIST_GONE') {
      this.#list = undefined;
      this.place.again();
    } else this.error = error;
  }

  #indexOf(id: string): number | null {
    const at = Array.isArray(this.ids) ? this.ids.indexOf(id) : -1;
    return at < 0 ? null : at;
  }
}
