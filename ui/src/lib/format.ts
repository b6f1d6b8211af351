/** Numbers and times as a person reads them: their locale, their zone, the zone named where it matters. Never re-parsed. */

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Times of the bridge: milliseconds since 1970 in UTC. */
export type TimeMs = number;

export interface Locale {
  locale?: string;
  timeZone?: string;
}

/** The person's language. The C locale of a bare system is none, and has no way to group figures. */
export const HERE = ((): string => {
  try {
    return Intl.getCanonicalLocales(navigator.language)[0] ?? 'en';
  } catch {
    return 'en';
  }
})();

const formats = new Map<string, Intl.DateTimeFormat>();

function formatter(options: Intl.DateTimeFormatOptions, { locale, timeZone }: Locale): Intl.DateTimeFormat {
  const key = JSON.stringify([options, locale, timeZone]);
  const known = formats.get(key) ?? new Intl.DateTimeFormat(locale ?? HERE, { ...options, timeZone });
  formats.set(key, known);
  return known;
}

/** 28 Nov 2026 */
export function date(at: TimeMs, where: Locale = {}): string {
  return formatter({ day: 'numeric', month: 'short', year: 'numeric' }, where).format(at);
}

/** 09:12 */
export function time(at: TimeMs, where: Locale = {}): string {
  return formatter({ hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }, where).format(at);
}

/** Sat 28 Nov 2026, 22:00 CET: always with the zone, for what people agree on. */
export function dateTime(at: TimeMs, where: Locale = {}): string {
  return formatter(
    {
      weekday: 'short',
      day: 'numeric',
      month: 'short',
      year: 'numeric',
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
      timeZoneName: 'short',
    },
    where,
  ).format(at);
}

/** The time alone today, the date and the time otherwise; for lists. */
export function when(at: TimeMs, now: TimeMs = Date.now(), where: Locale = {}): string {
  if (date(at, where) === date(now, where)) return time(at, where);
  const sameYear =
    formatter({ year: 'numeric' }, where).format(at) === formatter({ year: 'numeric' }, where).format(now);
  if (!sameYear) return date(at, where);
  return `${formatter({ day: 'numeric', month: 'short' }, where).format(at)}, ${time(at, where)}`;
}

/** Sat 22:00–02:00, or both days when it is longer; the zone is in the title of the element. */
export function timeWindow(start: TimeMs, end: TimeMs, where: Locale = {}): string {
  const day = (at: TimeMs) => formatter({ weekday: 'short', day: 'numeric', month: 'short' }, where).format(at);
  if (end - start < DAY_MS / 2 || day(start) === day(end))
    return `${day(start)} ${time(start, where)}–${time(end, where)}`;
  return `${day(start)} ${time(start, where)} – ${day(end)} ${time(end, where)}`;
}

/** "2 h ago", "in 3 d": how far, with one unit. */
export function distance(at: TimeMs, now: TimeMs = Date.now()): string {
  const away = Math.abs(at - now);
  if (away < MINUTE_MS) return 'now';
  const amount =
    away < HOUR_MS
      ? `${Math.floor(away / MINUTE_MS)} min`
      : away < DAY_MS
        ? `${Math.floor(away / HOUR_MS)} h`
        : `${Math.floor(away / DAY_MS)} d`;
  return at < now ? `${amount} ago` : `in ${amount}`;
}

/** 1 h 30 min */
export function duration(minutes: number): string {
  const days = Math.floor(minutes / 1_440);
  const hours = Math.floor((minutes % 1_440) / 60);
  const rest = minutes % 60;
  const parts = [days > 0 && `${days} d`, hours > 0 && `${hours} h`, rest > 0 && `${rest} min`].filter(Boolean);
  return parts.length === 0 ? '0 min' : parts.join(' ');
}

/** 1.4 GB */
export function size(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1_000 && unit < units.length - 1) {
    value /= 1_000;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : Math.round(value * 10) / 10} ${units[unit]}`;
}

export function count(value: number, { locale }: Locale = {}): string {
  return new Intl.NumberFormat(locale ?? HERE).format(value);
}

/** "1 change", "3 changes" */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** 8f3a…c1: enough to compare by eye; the whole is in the title and in the clipboard. */
export function shortDigest(digest: string): string {
  return digest.length <= 8 ? digest : `${digest.slice(0, 4)}…${digest.slice(-2)}`;
}

/** With a capital letter, as a sentence or a label begins. */
export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** "rollout_plan", "RolloutPlan" and "plan_and_design" as words, for a code that has no words of its own. */
export function words(code: string): string {
  const spaced = code
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .replace(/[_-]+/g, ' ')
    .toLowerCase();
  return capital(spaced);
}

/** What a person wrote ("2026-11-28 22:00") as a time in their zone; undefined if it is not one. */
export function parseTime(text: string): TimeMs | undefined {
  const found = /^(\d{4})-(\d{1,2})-(\d{1,2})(?:[ T]+(\d{1,2}):(\d{2}))?$/.exec(text.trim());
  if (!found) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0] = found.slice(1).map((part) => Number(part ?? 0));
  const at = new Date(year, month - 1, day, hour, minute);
  const real = at.getMonth() === month - 1 && at.getDate() === day && hour < 24 && minute < 60;
  return real ? at.getTime() : undefined;
}

/** A time as parseTime reads it. */
export function writeTime(at: TimeMs): string {
  const of = new Date(at);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${of.getFullYear()}-${two(of.getMonth() + 1)}-${two(of.getDate())} ${two(of.getHours())}:${two(of.getMinutes())}`;
}
