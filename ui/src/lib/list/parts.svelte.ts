/**
 * A list that is too long to be held here: its order lies in the application, and its parts come when they are in sight.
 * One of these is one order; when the list changes, another takes its place once what is in sight is here.
 */
import { SvelteMap } from 'svelte/reactivity';
import type { ListPart } from '../../bindings/ListPart';
import type { Ids } from '../grid/ids';

/** Ids and rows come by so many. */
export const PART = 100;
/** Parts kept; what is in sight is kept anyhow. */
const PARTS_KEPT_MOST = 60;
/** Most ids that are selected or copied at once. */
export const TAKEN_MOST = 10_000;

/** How a list is asked for its parts. */
export interface Source {
  part(from: number, count: number): Promise<ListPart>;
  ids(from: number, count: number): Promise<string[]>;
  /** A part could not be had: the list is asked for again. */
  failed(reason: unknown): void;
}

export class ListParts implements Ids {
  /** By number of the part. */
  readonly #parts = new SvelteMap<number, readonly string[]>();
  readonly #places = new Map<string, number>();
  #wanted: number[] = [];
  #running = false;
  #failed = false;
  #waiting: { index: number; done: (id: string | undefined) => void }[] = [];

  constructor(
    private readonly source: Source,
    readonly length: number,
    first: readonly string[] = [],
    /** Nothing is asked for before this. */
    private readonly ready: Promise<unknown> = Promise.resolve(),
  ) {
    for (let part = 0; part * PART < first.length; part++) {
      const ids = first.slice(part * PART, (part + 1) * PART);
      if (ids.length === this.#sizeOf(part)) this.#put(part, ids);
    }
  }

  at(index: number): string | undefined {
    return this.#parts.get(Math.floor(index / PART))?.[index % PART] || undefined;
  }

  indexOf(id: string): number {
    // Read so that whoever asks is told when parts come.
    void this.#parts.size;
    return this.#places.get(id) ?? -1;
  }

  ensure(start: number, end: number, here?: number): void {
    const wanted: number[] = [];
    for (let part = Math.floor(start / PART); part * PART < Math.min(end, this.length); part++) wanted.push(part);
    if (here !== undefined && here < this.length) wanted.push(Math.floor(here / PART));
    this.#wanted = wanted;
    void this.#run();
  }

  reach(index: number): Promise<string | undefined> {
    if (this.#failed || this.#parts.has(Math.floor(index / PART))) return Promise.resolve(this.at(index));
    return new Promise((done) => {
      this.#waiting.push({ index, done });
      void this.#run();
    });
  }

  async slice(start: number, end: number): Promise<string[]> {
    await this.ready;
    const count = Math.min(end - start, TAKEN_MOST, this.length - start);
    try {
      return (await this.source.ids(start, count)).filter((id) => id !== '');
    } catch (reason) {
      this.source.failed(reason);
      return [];
    }
  }

  /** Whose parts are on the way: the next one that is wanted, until none is. What went out of sight is not asked for. */
  async #run(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    try {
      await this.ready;
      for (let part = this.#next(); part !== undefined; part = this.#next()) {
        const { ids } = await this.source.part(part * PART, this.#sizeOf(part));
        this.#put(part, ids);
        this.#answer();
        this.#forget();
      }
    } catch (reason) {
      this.#failed = true;
      this.source.failed(reason);
    } finally {
      this.#running = false;
      if (this.#failed) this.#answer();
    }
  }

  #next(): number | undefined {
    const reached = this.#waiting.map(({ index }) => Math.floor(index / PART));
    return [...this.#wanted, ...reached].find((part) => !this.#parts.has(part) && this.#sizeOf(part) > 0);
  }

  #sizeOf(part: number): number {
    return Math.max(0, Math.min(PART, this.length - part * PART));
  }

  #put(part: number, ids: readonly string[]): void {
    ids.forEach((id, at) => id !== '' && this.#places.set(id, part * PART + at));
    this.#parts.set(part, ids);
  }

  #answer(): void {
    const still = [];
    for (const waiting of this.#waiting) {
      if (this.#failed || this.#parts.has(Math.floor(waiting.index / PART))) waiting.done(this.at(waiting.index));
      else still.push(waiting);
    }
    this.#waiting = still;
  }

  #forget(): void {
    for (const [part, ids] of this.#parts) {
      if (this.#parts.size <= PARTS_KEPT_MOST) return;
      if (this.#wanted.includes(part)) continue;
      this.#parts.delete(part);
      for (const id of ids) this.#places.delete(id);
    }
  }
}
