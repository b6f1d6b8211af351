/** The one sheet that is open. Any part of the window may open one; the frame draws it. */
import type { CallError } from '../../bindings/CallError';
import type { Finding } from '../../bindings/Finding';
import { asCallError } from '../backend/backend';
import { toasts } from '../ui/toasts.svelte';
import type { FormField, Values } from './form';

export interface Sheet {
  title: string;
  /** What happens, in a sentence. */
  note?: string;
  fields?: FormField[];
  values?: Values;
  confirm: string;
  danger?: boolean;
  /** Reasons why it would be refused now, shown before it is tried. */
  findings?: Finding[];
  /** Rejects with a CallError; the sheet then stays and shows it. */
  submit: (values: Values) => Promise<unknown>;
  /** Called when the sheet is closed while it is being done. */
  cancel?: () => void;
  /** Said when it is done. */
  done?: string;
}

export class Sheets {
  sheet = $state.raw<Sheet | undefined>(undefined);
  refused = $state.raw<{ title: string; error: CallError } | undefined>(undefined);

  open(sheet: Sheet): void {
    this.sheet = sheet;
  }

  close(): void {
    this.sheet = undefined;
    this.refused = undefined;
  }

  /** Does something that asks nothing; a refusal is shown with all its reasons. True when it was done. */
  async perform(title: string, act: () => Promise<unknown>, done?: string): Promise<boolean> {
    try {
      await act();
    } catch (reason) {
      this.refused = { title, error: asCallError(reason) };
      return false;
    }
    if (done) toasts.say(done);
    return true;
  }
}
