/**
 * Live queries: the only place that keeps application data. A query is loaded when a component first reads it, again when
 * 'changed' names one of its kinds, and forgotten when nobody has read it for long.
 */
import { createSubscriber, SvelteMap } from 'svelte/reactivity';
import type { CallError } from '../bindings/CallError';
import type { Changes } from '../bindings/Changes';
import type { Kind } from '../bindings/Kind';
import type { SyncStatus } from '../bindings/SyncStatus';
import { asCallError, type Backend, type Name, type Request, type Response } from './backend/backend';

/** Queries kept although no component reads them now, so that going back shows at once what was there. */
const IDLE_QUERIES_MOST = 64;
/** Rows asked for in one call. */
export const ROWS_A_CALL_MOST = 200;
/** Rows kept by one list. */
const ROWS_KEPT_MOST = 4_000;

export class Query<Data> {
  // Plain fields: a query is made inside a component's reaction, and a reaction does not see state made within itself.
  #data: Data | undefined = undefined;
  #error: CallError | undefined = undefined;
  #active = false;
  #stale = true;
  #running = false;
  #tell: () => void = () => {};
  #subscribe: () => void;

  constructor(
    private readonly load: () => Promise<Data>,
    readonly kinds: readonly Kind[],
  ) {
    this.#subscribe = createSubscriber((update) => {
      this.#tell = update;
      this.#active = true;
      if (this.#stale) void this.refresh();
      return () => {
        this.#active = false;
      };
    });
  }

  /** The last answer; stays while a newer one is on its way. */
  get data(): Data | undefined {
    this.#subscribe();
    return this.#data;
  }

  get error(): CallError | undefined {
    this.#subscribe();
    return this.#error;
  }

  /** True until the first answer. */
  get loading(): boolean {
    this.#subscribe();
    return this.#data === undefined && this.#error === undefined;
  }

  get active(): boolean {
    return this.#active;
  }

  /** Asks again now if somebody is reading, otherwise when somebody does. */
  invalidate(): void {
    this.#stale = true;
    if (this.#active) void this.refresh();
  }

  async refresh(): Promise<void> {
    this.#stale = true;
    if (this.#running) return;
    this.#running = true;
    while (this.#stale) {
      this.#stale = false;
      try {
        this.#data = await this.load();
        this.#error = undefined;
      } catch (reason) {
        this.#error = asCallError(reason);
      }
      this.#tell();
    }
    this.#running = false;
  }
}

/** The rows of one list, by id: asked for by window, asked for again when they change. */
export class Rows<Row> {
  readonly #rows = new SvelteMap<string, Row>();
  readonly #asked = new Set<string>();
  #wanted: string[] = [];
  #error = $state.raw<CallError | undefined>(undefined);

  constructor(
    private readonly load: (ids: string[]) => Promise<Row[]>,
    private readonly idOf: (row: Row) => string,
    readonly kinds: readonly Kind[],
  ) {}

  get(id: string): Row | undefined {
    return this.#rows.get(id);
  }

  get error(): CallError | undefined {
    return this.#error;
  }

  /** Rows that came with their list. */
  put(rows: readonly Row[]): void {
    for (const row of rows) this.#rows.set(this.idOf(row), row);
    this.#forget();
  }

  /** Tells which rows are in sight; missing ones are asked for. */
  want(ids: string[]): void {
    this.#wanted = ids;
    const missing = ids.filter((id) => !this.#rows.has(id) && !this.#asked.has(id));
    for (let at = 0; at < missing.length; at += ROWS_A_CALL_MOST)
      void this.#ask(missing.slice(at, at + ROWS_A_CALL_MOST));
  }

  /** Old rows stay in sight until the new ones are there. */
  invalidate(ids: string[]): void {
    const inSight = new Set(this.#wanted);
    const touched = ids.length === 0 ? [...this.#rows.keys()] : ids.filter((id) => this.#rows.has(id));
    for (const id of touched) if (!inSight.has(id)) this.#rows.delete(id);
    const again = touched.filter((id) => inSight.has(id));
    for (let at = 0; at < again.length; at += ROWS_A_CALL_MOST) void this.#ask(again.slice(at, at + ROWS_A_CALL_MOST));
  }

  async #ask(ids: string[]): Promise<void> {
    for (const id of ids) this.#asked.add(id);
    try {
      for (const row of await this.load(ids)) this.#rows.set(this.idOf(row), row);
      this.#error = undefined;
      this.#forget();
    } catch (reason) {
      this.#error = asCallError(reason);
    } finally {
      for (const id of ids) this.#asked.delete(id);
    }
  }

  #forget(): void {
    if (this.#rows.size <= ROWS_KEPT_MOST) return;
    const inSight = new Set(this.#wanted);
    for (const id of [...this.#rows.keys()]) {
      if (this.#rows.size <= ROWS_KEPT_MOST / 2) return;
      if (!inSight.has(id)) this.#rows.delete(id);
    }
  }
}

export class Live {
  readonly #queries = new Map<string, Query<unknown>>();
  readonly #rows = new Set<Rows<never>>();
  #marks = '';

  constructor(readonly backend: Backend) {
    backend.on('changed', (changed) => this.changed(changed));
    backend.on('sync', (status) => this.#synced(status));
  }

  /** The same name and request give the same query. `kinds` are the record kinds whose change makes it old. */
  query<N extends Name>(name: N, request: Request<N>, kinds: readonly Kind[]): Query<Response<N>> {
    const key = `${name} ${JSON.stringify(request ?? null)}`;
    const known = this.#queries.get(key);
    if (known) {
      // Last in the map is last to be forgotten.
      this.#queries.delete(key);
      this.#queries.set(key, known);
      return known as Query<Response<N>>;
    }
    const query = new Query<Response<N>>(() => this.backend.call(name, request), kinds);
    this.#queries.set(key, query);
    this.#forgetIdle();
    return query;
  }

  /** The rows of a list that the caller closes with `release`. */
  rows<Row>(load: (ids: string[]) => Promise<Row[]>, idOf: (row: Row) => string, kinds: readonly Kind[]): Rows<Row> {
    const rows = new Rows<Row>(load, idOf, kinds);
    this.#rows.add(rows as unknown as Rows<never>);
    return rows;
  }

  release<Row>(rows: Rows<Row>): void {
    this.#rows.delete(rows as unknown as Rows<never>);
  }

  changed({ kinds, ids }: Changes): void {
    const touches = (of: readonly Kind[]) => of.some((kind) => kinds.includes(kind));
    for (const query of this.#queries.values()) if (touches(query.kinds)) query.invalidate();
    for (const rows of this.#rows) if (touches(rows.kinds)) rows.invalidate(ids);
  }

  /** Marks of waiting and refused commands are on every screen: all are asked again when their figures moved. */
  #synced(status: SyncStatus): void {
    const now = [status.waiting, status.attention, status.last_sync_at].join();
    if (now === this.#marks) return;
    this.#marks = now;
    for (const query of this.#queries.values()) query.invalidate();
    for (const rows of this.#rows) rows.invalidate([]);
  }

  #forgetIdle(): void {
    const idle = [...this.#queries].filter(([, query]) => !query.active);
    for (const [key] of idle.slice(0, Math.max(0, idle.length - IDLE_QUERIES_MOST))) this.#queries.delete(key);
  }
}
