/** Where the steps of a runbook stand on its time axis, and what is to be done next. */
import type { RunbookStep } from '../../bindings/RunbookStep';
import type { RunbookView } from '../../bindings/RunbookView';
import type { TimeMs } from '../../lib/format';

/** Width of a drawing, in units of its own. */
export const WIDTH = 1_000;

const MINUTE_MS = 60_000;
/** Distances between marks of the axis that a person counts in. */
const STEPS_MIN = [5, 10, 15, 30, 60, 120, 240, 480, 1_440, 2_880, 10_080];
/** As many marks as stand beside each other with their hours. */
const MARKS_MOST = 9;

export interface Axis {
  start: TimeMs;
  end: TimeMs;
}

/** From the first to the last moment that is drawn, with a little room at both ends. */
export function axisOf(book: RunbookView): Axis {
  const spans = [book.planned, book.forecast, book.window?.window].filter(
    (span) => span !== null && span !== undefined,
  );
  const start = Math.min(...spans.map((span) => span.start));
  const end = Math.max(...spans.map((span) => span.end), book.live ? book.now : -Infinity);
  if (!Number.isFinite(start) || !Number.isFinite(end)) return { start: book.now, end: book.now + 60 * MINUTE_MS };
  const room = Math.max((end - start) * 0.02, MINUTE_MS);
  return { start: start - room, end: end + room };
}

/** Where a moment stands, from 0 to WIDTH; outside of the axis at its nearer end. */
export function place(axis: Axis, at: TimeMs): number {
  const share = (at - axis.start) / (axis.end - axis.start);
  return Math.min(Math.max(share, 0), 1) * WIDTH;
}

/** Marks at whole hours or parts of them, in local time. */
export function marks(axis: Axis, zoneMinutes = -new Date(axis.start).getTimezoneOffset()): TimeMs[] {
  const minutes = (axis.end - axis.start) / MINUTE_MS;
  const step = (STEPS_MIN.find((one) => minutes / one <= MARKS_MOST) ?? Math.ceil(minutes / MARKS_MOST)) * MINUTE_MS;
  const zone = zoneMinutes * MINUTE_MS;
  const found: TimeMs[] = [];
  for (let at = Math.ceil((axis.start + zone) / step) * step - zone; at < axis.end; at += step) found.push(at);
  return found;
}

/** Whether marks of the axis are days rather than hours. */
export function inDays(axis: Axis): boolean {
  return axis.end - axis.start > 2 * 1_440 * MINUTE_MS;
}

/** What can be done now: mine first, then what decides the end, then what comes first. */
export function nextSteps(book: RunbookView): RunbookStep[] {
  const open = book.steps.filter(({ task }) => task.ready || task.state === 'in_progress' || task.state === 'blocked');
  return open.sort(
    (a, b) =>
      Number(b.mine) - Number(a.mine) || Number(b.critical) - Number(a.critical) || a.forecast.start - b.forecast.start,
  );
}

/** "25 min late", "5 min early", or nothing. */
export function lateness(minutes: number, duration: (minutes: number) => string): string {
  if (minutes === 0) return '';
  return minutes > 0 ? `${duration(minutes)} late` : `${duration(-minutes)} early`;
}
