/** What is done with a task, and what that asks for: in the list, in the runbook, in the Inbox. */
import type { ActionState } from '../../bindings/ActionState';
import type { TaskLine } from '../../bindings/TaskLine';
import { options, type FormField } from '../../lib/form/form';
import { act } from '../../lib/record/act';
import type { ReleaseDesk } from './desk';

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

export function workTask(desk: ReleaseDesk, task: TaskLine, action: ActionState): void {
  act(desk.parts, {
    number: `${desk.number}/${task.number}`,
    action,
    fields: taskFields(action),
    values: { result: 'passed' },
    note: task.title,
    call: (given) => desk.parts.backend.call('tasks.act', { task: task.id, action: action.action, ...given }),
  });
}
