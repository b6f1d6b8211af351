/** What the page and the inspector of a change ask of the application. */
import type { ActionState } from '../../bindings/ActionState';
import type { ChangePage } from '../../bindings/ChangePage';
import type { WindowParts } from '../../lib/context';
import type { Kind } from '../../bindings/Kind';
import { options, type FormField } from '../../lib/form/form';
import { OUTCOMES } from '../../lib/form/levels';
import { act } from '../../lib/record/act';

export const TOUCHES_CHANGE: Kind[] = ['change', 'release', 'approval', 'ci', 'comment', 'freeze'];

const FIELDS: Record<string, FormField[]> = {
  review: [{ name: 'outcome', label: 'How it turned out', type: 'select', options: options(OUTCOMES), needed: true }],
};

export function actOnChange(parts: WindowParts, page: ChangePage, action: ActionState): void {
  const code = action.action.replaceAll('-', '_');
  act(parts, {
    number: page.change.number,
    action,
    fields: FIELDS[code],
    danger: code === 'cancel',
    call: (given) => parts.backend.call('changes.act', { change: page.change.id, action: action.action, ...given }),
  });
}
