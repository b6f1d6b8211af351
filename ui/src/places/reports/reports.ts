/** Figures and periods of reports as a person reads and chooses them. What they mean is said by the application. */
import type { Kind } from '../../bindings/Kind';
import type { Unit } from '../../bindings/Unit';
import type { Window } from '../../bindings/Window';
import { count } from '../../lib/format';

/** Records whose change makes a report old. */
export const TOUCHES_REPORTS: Kind[] = [
  'release',
  'approval',
  'observation',
  'dsl_item',
  'movement',
  'stock_movement',
  'stocktake_sight',
];

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** 12, 87.5 %, 3.5 d; a dash where there is nothing to compute it from. */
export function figure(value: number | null, unit: Unit): string {
  if (value === null) return '–';
  if (unit === 'per_mille') return `${tenth(value / 10)} %`;
  if (unit === 'count') return count(value);
  const long = Math.abs(value);
  if (long < HOUR_MS) return `${Math.round(value / MINUTE_MS)} min`;
  if (long < 2 * DAY_MS) return `${tenth(value / HOUR_MS)} h`;
  return `${tenth(value / DAY_MS)} d`;
}

function tenth(value: number): string {
  return (Math.round(value * 10) / 10).toFixed(1);
}

/** Periods that are chosen by name; the days are those of UTC, as the figures are. */
export const PERIODS = [
  { id: 'year', title: 'Last 12 months' },
  { id: 'month', title: 'Last 30 days' },
  { id: 'quarter', title: 'Last 90 days' },
  { id: 'years', title: 'Last 5 years' },
] as const;

export type PeriodId = (typeof PERIODS)[number]['id'];

/** Undefined: what the application takes by itself, the last twelve months. */
export function periodOf(id: PeriodId, now: number = Date.now()): Window | undefined {
  // To the end of today: the same question all day, so that its answer is kept.
  const end = (Math.floor(now / DAY_MS) + 1) * DAY_MS;
  if (id === 'month') return { start: end - 30 * DAY_MS, end };
  if (id === 'quarter') return { start: end - 90 * DAY_MS, end };
  if (id === 'years') return { start: Date.UTC(new Date(now).getUTCFullYear() - 4, 0, 1), end };
  return undefined;
}

/** A day of a period, in UTC. */
export function day(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}

/** A day as a person writes it, in UTC; undefined if it is none. */
export function parseDay(text: string): number | undefined {
  const at = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  return Number.isNaN(at) ? undefined : at;
}

/** Round figures for the scale of a chart, from 0 up to at least the largest. */
export function ticks(largest: number, parts = 4): number[] {
  if (largest <= 0) return [0, 1];
  const rough = largest / parts;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= rough) ?? rough;
  const whole = largest >= parts ? Math.max(1, step) : step;
  const out: number[] = [];
  for (let at = 0; at < largest + whole && out.length < 12; at += whole) out.push(at);
  return out;
}
