/** The ids of a list in order: all of them here, or only those that were asked for. */

export interface Ids {
  readonly length: number;
  /** The id at a place; undefined while it is not here. */
  at(index: number): string | undefined;
  /** Where an id lies; -1 where it is not in the list, or where that is not known. */
  indexOf(id: string): number;
  /** Sees to it that the ids from `start` to before `end` come here, and that of the row one is on. */
  ensure(start: number, end: number, here?: number): void;
  /** Comes when the id at a place is here; undefined if it does not come. */
  reach(index: number): Promise<string | undefined>;
  /** The ids from `start` to before `end`, but no more than are taken at once. */
  slice(start: number, end: number): string[] | Promise<string[]>;
}

/** A short list: all ids are here. */
export function idsOf(ids: readonly string[]): Ids {
  return {
    length: ids.length,
    at: (index) => ids[index],
    indexOf: (id) => ids.indexOf(id),
    ensure: () => {},
    reach: async (index) => ids[index],
    slice: (start, end) => ids.slice(start, end),
  };
}
