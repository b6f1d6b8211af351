/** Forms as data: a sheet lists its fields, the form draws them. No rule is checked here but that a needed field is filled. */
import type { Kind } from '../../bindings/Kind';
import { words } from '../format';

export interface Option {
  value: string;
  label: string;
}

interface Base {
  name: string;
  label: string;
  hint?: string;
  needed?: boolean;
  /** Begins a group of fields with this heading. */
  heading?: string;
}

export type FormField =
  | (Base & { type: 'text' | 'area' | 'number' | 'check' | 'password' })
  /** A day, as year-month-day. */
  | (Base & { type: 'date' })
  /** Milliseconds since 1970, written in the person's zone. */
  | (Base & { type: 'time' })
  /** With `empty`, the word for no choice. */
  | (Base & { type: 'select'; options: Option[]; empty?: string })
  /** Several of the options: a list of values. */
  | (Base & { type: 'choices'; options: Option[] })
  /** A record's id, found by search; `label` of what is chosen at first. */
  | (Base & { type: 'record'; kinds: Kind[]; shown?: string })
  /** One entry a line: a list of texts. */
  | (Base & { type: 'lines' });

export type Value = string | number | boolean | string[] | null | undefined;
export type Values = Record<string, Value>;

export function isEmpty(value: Value): boolean {
  return value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0);
}

/** What keeps the form from being sent; the rules are the application's. */
export function missing(fields: FormField[], values: Values): string | undefined {
  const open = fields.filter(({ needed, name }) => needed && isEmpty(values[name]));
  if (open.length > 0) return `Still to fill: ${open.map(({ label }) => label).join(', ')}`;
  const wrong = fields.filter(({ type, name }) => type === 'time' && Number.isNaN(values[name]));
  return wrong.length > 0 ? `Not a time: ${wrong.map(({ label }) => label).join(', ')}` : undefined;
}

/** Options for the values of a generated type, with their words. */
export function options(values: readonly string[]): Option[] {
  return values.map((value) => ({ value, label: words(value) }));
}

/** The text of a value; nothing is an empty text. */
export function text(values: Values, name: string): string {
  const value = values[name];
  return typeof value === 'string' ? value.trim() : '';
}

/** The text of a value, or undefined where nothing was written. */
export function optional(values: Values, name: string): string | undefined {
  return text(values, name) || undefined;
}

export function number(values: Values, name: string): number | null {
  const value = values[name];
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

export function list(values: Values, name: string): string[] {
  const value = values[name];
  return Array.isArray(value) ? value : [];
}
