/** What the actions of a task ask for; the Inbox uses the same. */
import type { ActionState } from '../../bindings/ActionState';
import { options, type FormField } from '../../lib/form/form';

export function taskFields({ action, needs_reason }: ActionState): FormField[] | undefined {
  const note: FormField = {
    name: 'note',
    label: needs_reason ? 'Reason' : 'Remark',
    type: 'area',
    needed: needs_reason,
  };
  if (action === 'done')
    return [
      { name: 'result', label: 'Result', type: 'select', options: options(['passed', 'failed']), needed: true },
      note,
    ];
  return needs_reason || action === 'block' ? [note] : undefined;
}
