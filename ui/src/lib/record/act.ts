/** From an action of a record to what is asked of the application: at once, or through a sheet where more is needed. */
import type { ActionState } from '../../bindings/ActionState';
import type { WindowParts } from '../context';
import { isEmpty, type FormField, type Values } from '../form/form';
import { whyNot } from './actions';

export const REASON: FormField = { name: 'reason', label: 'Reason', type: 'area', needed: true };
export const REMARK: FormField = { name: 'note', label: 'Remark', type: 'area' };

export interface Act {
  /** The record's number, for titles. */
  number: string;
  action: ActionState;
  /** What the action needs beside a reason. */
  fields?: FormField[];
  values?: Values;
  /** What happens, in a sentence, on the sheet. */
  note?: string;
  danger?: boolean;
  /** The sheet opens although it is not allowed as it stands: what is filled in there may allow it (an override). */
  tries?: boolean;
  /** Gets what was filled in, by the names of the request. */
  call: (filled: Record<string, unknown>) => Promise<unknown>;
}

/** What was filled in; empty fields are left out, as the requests have it. */
export function filled(values: Values): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => !isEmpty(value)));
}

export function act({ sheets }: WindowParts, { number, action, fields, values, note, danger, tries, call }: Act): void {
  if (whyNot(action) !== undefined && !tries) {
    sheets.refused = {
      title: `${action.title}: not allowed now`,
      error: { kind: 'refused', findings: action.findings },
    };
    return;
  }
  const asked = fields ?? (action.needs_reason ? [REASON] : []);
  if (asked.length === 0 && !action.confirm) {
    void sheets.perform(`${number}: ${action.title}`, () => call({}), `${number}: ${action.title} ✓`);
    return;
  }
  sheets.open({
    title: `${number}: ${action.title}`,
    note,
    fields: asked,
    values,
    confirm: action.title,
    danger,
    findings: action.findings,
    submit: (given) => call(filled(given)),
    done: `${number}: ${action.title} ✓`,
  });
}
