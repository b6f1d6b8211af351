/**
 * Addresses: every record has one (/releases/REL-000123/readiness), so palette, notification, history and links are one thing.
 * The peeked record (shown in the inspector) travels in the history entry: back and forward bring it back too.
 */
import type { Kind } from '../bindings/Kind';
import type { RecordRef } from '../bindings/RecordRef';

/** The places in the order of the navigation; the number is the key of Ctrl/Cmd, the letter the one after G. */
export const PLACES = [
  { place: 'inbox', title: 'Inbox', number: 1, letter: 'i' },
  { place: 'releases', title: 'Releases', number: 2, letter: 'r' },
  { place: 'changes', title: 'Changes', number: 3, letter: 'c' },
  { place: 'cmdb', title: 'CMDB', number: 4, letter: 'm' },
  { place: 'dsl', title: 'DSL', number: 5, letter: 'd' },
  { place: 'dhs', title: 'DHS', number: 6, letter: 'h' },
  { place: 'calendar', title: 'Calendar', number: 7, letter: 'k' },
  { place: 'reports', title: 'Reports', number: 8, letter: 'p' },
  { place: 'settings', title: 'Settings', number: 9, letter: 's' },
] as const;

export type Place = (typeof PLACES)[number]['place'];

export interface Address {
  place: Place;
  /** The record's number, when a record's page is open. */
  record?: string;
  /** The record's tab, or the view of a list. */
  tab?: string;
}

/** The place of each kind of record that has a page; the rest are seen on another record's page. */
const PAGES: Partial<Record<Kind, Place>> = {
  release: 'releases',
  change: 'changes',
  ci: 'cmdb',
  dsl_item: 'dsl',
  dhs_unit: 'dhs',
};

export function pathOfRecord({ kind, id }: Pick<RecordRef, 'kind' | 'id'>): string | undefined {
  const place = PAGES[kind];
  return place === undefined ? undefined : pathOf({ place, record: id });
}

interface Entry {
  peek?: string;
}

export function parseAddress(path: string): Address {
  const [place, record, tab] = path.split('/').filter(Boolean).map(decodeURIComponent);
  const known = PLACES.find((one) => one.place === place);
  if (!known) return { place: 'inbox' };
  return { place: known.place, record, tab };
}

export function pathOf({ place, record, tab }: Address): string {
  return `/${[place, record, tab]
    .filter((part) => part !== undefined)
    .map(encodeURIComponent)
    .join('/')}`;
}

export class Router {
  #address = $state.raw<Address>({ place: 'inbox' });
  #peek = $state<string | undefined>(undefined);
  readonly #window: Window;

  constructor(of: Window = window) {
    this.#window = of;
    this.#read();
    of.addEventListener('popstate', () => this.#read());
  }

  get address(): Address {
    return this.#address;
  }

  get path(): string {
    return pathOf(this.#address);
  }

  /** The record in the inspector. */
  get peek(): string | undefined {
    return this.#peek;
  }

  go(to: Address | string): void {
    const address = typeof to === 'string' ? parseAddress(to) : to;
    const path = pathOf(address);
    if (path === this.path && this.#peek === undefined) return;
    this.#window.history.pushState({} satisfies Entry, '', path);
    this.#read();
  }

  /** Another tab of the same record, in the same history entry. */
  replace(to: Address): void {
    this.#window.history.replaceState(this.#window.history.state, '', pathOf(to));
    this.#read();
  }

  /** Shows a record beside the list, or nothing; no history entry of its own. */
  look(record: string | undefined): void {
    if (record === this.#peek) return;
    this.#window.history.replaceState({ peek: record } satisfies Entry, '');
    this.#peek = record;
  }

  back(): void {
    this.#window.history.back();
  }

  forward(): void {
    this.#window.history.forward();
  }

  /** Esc: from a record to its list, with the row that was left still chosen. */
  up(): boolean {
    if (this.#address.record !== undefined) {
      this.go({ place: this.#address.place });
      return true;
    }
    if (this.#peek !== undefined) {
      this.look(undefined);
      return true;
    }
    return false;
  }

  #read(): void {
    this.#address = parseAddress(this.#window.location.pathname);
    this.#peek = (this.#window.history.state as Entry | null)?.peek;
  }
}
