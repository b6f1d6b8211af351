/** How a list looks on this computer: which columns in which order and width, and views saved under a name. */
import type { Kind } from '../../bindings/Kind';
import type { Column, Sort } from '../grid/columns';

/** One column as it is laid out; a width in ch only where somebody set one. */
export interface Placed {
  id: string;
  shown: boolean;
  widthCh?: number;
}

/** A filter, order and columns under a name. */
export interface SavedView {
  name: string;
  filter: string;
  sort?: Sort;
  columns: Placed[];
}

const WIDTH_LEAST_CH = 4;
const WIDTH_MOST_CH = 80;
const VIEWS_MOST = 50;
const NAME_MOST = 60;

export function clampWidth(widthCh: number): number {
  return Math.min(WIDTH_MOST_CH, Math.max(WIDTH_LEAST_CH, Math.round(widthCh)));
}

/** The columns that there are, in the order of the layout; new ones come last, unknown ones are forgotten. */
export function placed<Row>(columns: readonly Column<Row>[], layout: readonly Placed[]): Placed[] {
  const known = layout.filter(({ id }) => columns.some((column) => column.id === id));
  const more = columns.filter(({ id }) => !known.some((one) => one.id === id)).map(({ id }) => ({ id, shown: true }));
  return [...known, ...more];
}

/** What the grid draws; never nothing. */
export function laidOut<Row>(columns: readonly Column<Row>[], layout: readonly Placed[]): Column<Row>[] {
  const drawn = placed(columns, layout).flatMap(({ id, shown, widthCh }) => {
    const column = columns.find((one) => one.id === id);
    if (!column || !shown) return [];
    return [widthCh === undefined ? column : { ...column, width: `${widthCh}ch` }];
  });
  return drawn.length > 0 ? drawn : [...columns];
}

/** The layout with a column moved by some places. */
export function moved(layout: readonly Placed[], id: string, by: number): Placed[] {
  const from = layout.findIndex((one) => one.id === id);
  const to = Math.min(layout.length - 1, Math.max(0, from + by));
  const column = layout[from];
  if (!column || to === from) return [...layout];
  const rest = layout.filter((one) => one.id !== id);
  return [...rest.slice(0, to), column, ...rest.slice(to)];
}

interface Stored {
  columns: Placed[];
  views: SavedView[];
}

/** A damaged entry is a default, never a failure. */
export function readLayout(text: string | null): Stored {
  let raw: unknown;
  try {
    raw = JSON.parse(text ?? '{}');
  } catch {
    raw = {};
  }
  const from = (typeof raw === 'object' && raw !== null ? raw : {}) as { columns?: unknown; views?: unknown };
  return { columns: readColumns(from.columns), views: readViews(from.views) };
}

function readColumns(raw: unknown): Placed[] {
  if (!Array.isArray(raw)) return [];
  return raw.flatMap((one: Partial<Record<keyof Placed, unknown>> | null) => {
    if (typeof one?.id !== 'string') return [];
    const column: Placed = { id: one.id, shown: one.shown !== false };
    if (typeof one.widthCh === 'number' && Number.isFinite(one.widthCh)) column.widthCh = clampWidth(one.widthCh);
    return [column];
  });
}

function readViews(raw: unknown): SavedView[] {
  if (!Array.isArray(raw)) return [];
  return raw.slice(0, VIEWS_MOST).flatMap((one: Partial<Record<keyof SavedView, unknown>> | null) => {
    if (typeof one?.name !== 'string' || typeof one.filter !== 'string') return [];
    const sort = one.sort as Partial<Record<keyof Sort, unknown>> | undefined;
    const view: SavedView = { name: one.name, filter: one.filter, columns: readColumns(one.columns) };
    if (typeof sort?.column === 'string') view.sort = { column: sort.column, descending: sort.descending === true };
    return [view];
  });
}

class ListLayout {
  readonly #key: string;
  #stored: Stored = $state.raw({ columns: [], views: [] });

  constructor(kind: Kind) {
    this.#key = `slipway.list.${kind}`;
    this.#stored = readLayout(localStorage.getItem(this.#key));
  }

  get columns(): readonly Placed[] {
    return this.#stored.columns;
  }

  get views(): readonly SavedView[] {
    return this.#stored.views;
  }

  place(columns: Placed[]): void {
    this.#keep({ ...this.#stored, columns });
  }

  /** Under a name that is taken the new view takes the old one's place. */
  save(view: SavedView): void {
    const named = { ...view, name: view.name.trim().slice(0, NAME_MOST) };
    if (named.name === '') return;
    const others = this.#stored.views.filter(({ name }) => name !== named.name);
    const views = [...others, named].sort((a, b) => a.name.localeCompare(b.name)).slice(0, VIEWS_MOST);
    this.#keep({ ...this.#stored, views });
  }

  forget(name: string): void {
    this.#keep({ ...this.#stored, views: this.#stored.views.filter((view) => view.name !== name) });
  }

  #keep(stored: Stored): void {
    this.#stored = stored;
    try {
      localStorage.setItem(this.#key, JSON.stringify(stored));
    } catch {
      // A full or forbidden storage loses only how the list looks next time.
    }
  }
}

const layouts = new Map<Kind, ListLayout>();

export function layoutOf(kind: Kind): ListLayout {
  const known = layouts.get(kind) ?? new ListLayout(kind);
  layouts.set(kind, known);
  return known;
}
