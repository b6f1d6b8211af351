/** Days and periods of the calendar, in the person's zone. A day is named by its date, so that no change of clocks moves it. */
import type { CalendarFreeze } from '../../bindings/CalendarFreeze';
import type { CalendarPage } from '../../bindings/CalendarPage';
import type { CalendarPlan } from '../../bindings/CalendarPlan';
import type { Kind } from '../../bindings/Kind';
import type { Window as Span } from '../../bindings/Window';

/** Records whose change makes the calendar old. */
export const TOUCHES_CALENDAR: Kind[] = [
  'release',
  'change',
  'freeze',
  'ci',
  'relation',
  'ci_group',
  'redundancy',
  'site',
  'person',
];

export const VIEWS = [
  { id: 'month', title: 'Month', key: 'm' },
  { id: 'week', title: 'Week', key: 'w' },
  { id: 'timeline', title: 'Timeline', key: 'l' },
] as const;

export type ViewId = (typeof VIEWS)[number]['id'];

/** A day as 2026-12-05. */
export type Day = string;

const two = (value: number) => String(value).padStart(2, '0');

export function dayOf(at: number | Date): Day {
  const of = new Date(at);
  return `${of.getFullYear()}-${two(of.getMonth() + 1)}-${two(of.getDate())}`;
}

function parts(day: Day): [number, number, number] {
  const [year = 1970, month = 1, date = 1] = day.split('-').map(Number);
  return [year, month - 1, date];
}

/** A day as it stands in an address; undefined if there is no such day. */
export function parseDay(text: string | undefined): Day | undefined {
  return text !== undefined && /^\d{4}-\d{2}-\d{2}$/.test(text) && dayOf(startOf(text)) === text ? text : undefined;
}

/** Its first moment. */
export function startOf(day: Day): number {
  return new Date(...parts(day)).getTime();
}

export function addDays(day: Day, days: number): Day {
  const [year, month, date] = parts(day);
  return dayOf(new Date(year, month, date + days));
}

/** The same day of another month, or the last one of that month. */
export function addMonths(day: Day, months: number): Day {
  const [year, month, date] = parts(day);
  const last = new Date(year, month + months + 1, 0).getDate();
  return dayOf(new Date(year, month + months, Math.min(date, last)));
}

/** With which day weeks begin here: 1 is Monday, 7 Sunday. */
export function firstWeekday(locale: string = navigator.language): number {
  try {
    const of = new Intl.Locale(locale) as Intl.Locale & {
      getWeekInfo?: () => { firstDay: number };
      weekInfo?: { firstDay: number };
    };
    return (of.getWeekInfo?.() ?? of.weekInfo)?.firstDay ?? 1;
  } catch {
    return 1;
  }
}

export function weekOf(day: Day, first: number = firstWeekday()): Day {
  const weekday = new Date(startOf(day)).getDay();
  return addDays(day, -((weekday - (first % 7) + 7) % 7));
}

/** The days that a view shows around one: whole weeks. */
export function daysOf(view: ViewId, day: Day, first: number = firstWeekday()): Day[] {
  let from = weekOf(day, first);
  let count = 7;
  if (view !== 'week') {
    const month = `${day.slice(0, 8)}01`;
    from = weekOf(month, first);
    const last = addDays(addMonths(month, 1), -1);
    count = 0;
    while (addDays(from, count) <= last) count += 7;
  }
  return Array.from({ length: count }, (_, at) => addDays(from, at));
}

export function spanOf(days: Day[]): Span {
  const [first = '1970-01-01', last = first] = [days[0], days.at(-1)];
  return { start: startOf(first), end: startOf(addDays(last, 1)) };
}

/** Another page of the view: a week or a month on. */
export function turn(view: ViewId, day: Day, pages: number): Day {
  return view === 'week' ? addDays(day, 7 * pages) : addMonths(day, pages);
}

/** A thing of the calendar. */
export type Entry =
  | { kind: 'plan'; id: string; window: Span; plan: CalendarPlan }
  | { kind: 'freeze'; id: string; window: Span; freeze: CalendarFreeze };

export interface Shown {
  release: boolean;
  change: boolean;
  /** Changes that a release carries: they are rolled out with that, whatever was planned for them. */
  carried: boolean;
  freeze: boolean;
}

/** What is shown, freezes first, each kind by its beginning. */
export function entries(page: CalendarPage | undefined, shown: Shown): Entry[] {
  if (!page) return [];
  const freezes = shown.freeze ? page.freezes : [];
  const plans = page.plans.filter(({ kind, carried_by: carried }) =>
    kind === 'release' ? shown.release : carried === null ? shown.change : shown.carried,
  );
  return [
    ...freezes.map((freeze): Entry => ({
      kind: 'freeze',
      id: `${freeze.id} ${freeze.window.start}`,
      window: freeze.window,
      freeze,
    })),
    ...plans.map((plan): Entry => ({ kind: 'plan', id: plan.id, window: plan.window, plan })),
  ];
}

export function titleOf(entry: Entry): string {
  return entry.kind === 'plan' ? entry.plan.title : entry.freeze.title;
}

export function labelOf(entry: Entry): string {
  return entry.kind === 'plan' ? entry.plan.label : 'Freeze';
}

export function isOn(entry: Entry, day: Day): boolean {
  return entry.window.start < startOf(addDays(day, 1)) && entry.window.end > startOf(day);
}

/** The day on which one looks for it: its first within these. */
export function homeOf(entry: Entry, days: Day[]): Day {
  const first = days[0] ?? dayOf(entry.window.start);
  const day = dayOf(entry.window.start);
  return day < first ? first : day;
}
