/** Where the things of the calendar are drawn: lanes of a week, columns of a day, stretches of a line. */
import type { Window as Span } from '../../bindings/Window';
import { addDays, startOf, type Day } from './calendar';

const HOUR_MS = 3_600_000;
/** A window that ends before this hour of the next day is still the first day's evening. */
const MORNING_HOUR = 12;

interface Timed {
  id: string;
  window: Span;
}

export interface Bar<T> {
  of: T;
  /** Columns of the week, from 0: the first and the last one. */
  from: number;
  to: number;
  lane: number;
  /** It began before this week, and goes on after it. */
  before: boolean;
  after: boolean;
}

/** True for a window that belongs to one day, although it may end in the night after it. */
export function isShort({ start, end }: Span): boolean {
  if (end - start >= 24 * HOUR_MS) return false;
  const midnight = new Date(start);
  midnight.setHours(24, 0, 0, 0);
  return end <= midnight.getTime() + MORNING_HOUR * HOUR_MS;
}

/** Bars of one week in lanes: long ones first, so that they keep their lane; then by their beginning. */
export function lanes<T extends Timed>(week: Day[], things: T[]): Bar<T>[] {
  const starts = week.map(startOf);
  const last = week.at(-1);
  const [begin = 0, end] = [starts[0], last === undefined ? 0 : startOf(addDays(last, 1))];
  const column = (at: number) =>
    Math.max(
      0,
      starts.findLastIndex((start) => start <= at),
    );
  const bars = things
    .filter(({ window }) => window.start < end && window.end > begin)
    // The night after the day before is not this week's.
    .filter(({ window }) => window.start >= begin || !isShort(window))
    .map((of) => {
      const from = column(of.window.start);
      return {
        of,
        from,
        to: isShort(of.window) ? from : column(of.window.end - 1),
        lane: 0,
        before: of.window.start < begin,
        after: of.window.end > end && !isShort(of.window),
      };
    })
    .sort((one, other) => one.from - other.from || other.to - one.to || one.of.window.start - other.of.window.start);
  const busyTo: number[] = [];
  for (const bar of bars) {
    const free = busyTo.findIndex((to) => to < bar.from);
    bar.lane = free < 0 ? busyTo.length : free;
    busyTo[bar.lane] = bar.to;
  }
  return bars;
}

export interface Block<T> {
  of: T;
  /** Parts of the day, from 0 to 1. */
  top: number;
  height: number;
  /** Which of how many columns side by side. */
  column: number;
  columns: number;
  before: boolean;
  after: boolean;
}

/** What stands in the hours of a day; what overlaps stands side by side. */
export function blocks<T extends Timed>(day: Day, things: T[]): Block<T>[] {
  const [begin, end] = [startOf(day), startOf(addDays(day, 1))];
  const length = end - begin;
  const here = things
    .filter(({ window }) => window.start < end && window.end > begin)
    .sort((one, other) => one.window.start - other.window.start || other.window.end - one.window.end);
  const done: Block<T>[] = [];
  let cluster: Block<T>[] = [];
  let columnsTo: number[] = [];
  let clusterTo = -Infinity;
  const close = () => {
    for (const block of cluster) block.columns = columnsTo.length;
    done.push(...cluster);
    cluster = [];
    columnsTo = [];
  };
  for (const of of here) {
    const from = Math.max(begin, of.window.start);
    const to = Math.min(end, of.window.end);
    if (from >= clusterTo) close();
    const free = columnsTo.findIndex((busy) => busy <= from);
    const column = free < 0 ? columnsTo.length : free;
    columnsTo[column] = to;
    clusterTo = Math.max(clusterTo, to);
    cluster.push({
      of,
      top: (from - begin) / length,
      height: (to - from) / length,
      column,
      columns: 1,
      before: of.window.start < begin,
      after: of.window.end > end,
    });
  }
  close();
  return done;
}

/** The part of a line from its beginning (0) to its end (1) that a window covers. */
export function stretch({ start, end }: Span, line: Span): { from: number; width: number } {
  const length = line.end - line.start;
  const from = Math.max(0, (start - line.start) / length);
  return { from, width: Math.min(1, (end - line.start) / length) - from };
}
