/** The sheet that edits a task; the list of tasks and the runbook open the same. */
import type { Assignee } from '../../bindings/Assignee';
import type { GroupView } from '../../bindings/GroupView';
import type { TaskEdit } from '../../bindings/TaskEdit';
import type { TaskLine } from '../../bindings/TaskLine';
import { number, text, type FormField, type Values } from '../../lib/form/form';
import type { ReleaseDesk } from './desk';

/** Tasks that may come before another, as choices of a form. */
export function choices(tasks: readonly TaskLine[]): { value: string; label: string }[] {
  return tasks.map((task) => ({ value: task.id, label: `${task.number} ${task.title}` }));
}

export function editTask(desk: ReleaseDesk, groups: readonly GroupView[], task: TaskLine): void {
  const before: Values = {
    title: task.title,
    assignee: who(task.assignee),
    planned_start: task.planned_start,
    planned_minutes: task.planned_minutes,
    mandatory: task.mandatory,
    after: task.predecessors.map(({ id }) => id),
  };
  const fields: FormField[] = [
    { name: 'title', label: 'What is to be done', type: 'text', needed: true },
    {
      name: 'assignee',
      label: 'Assigned to',
      type: 'select',
      empty: 'nobody',
      options: [
        ...desk.people.map(({ id, name }) => ({ value: `person:${id}`, label: name })),
        ...groups.map(({ id, name }) => ({ value: `group:${id}`, label: `${name} (group)` })),
      ],
    },
    { name: 'planned_start', label: 'Planned start', type: 'time' },
    { name: 'planned_minutes', label: 'Planned minutes', type: 'number' },
    { name: 'mandatory', label: 'The phase cannot be left without it', type: 'check' },
    {
      name: 'after',
      label: 'After',
      type: 'choices',
      options: choices(desk.page.tasks.filter(({ id, phase }) => id !== task.id && phase === task.phase)),
    },
  ];
  desk.parts.sheets.open({
    title: `${desk.number}/${task.number}: Edit the task`,
    fields,
    values: before,
    confirm: 'Save',
    submit: (after) => {
      const edits = editsOf(task, after, fields);
      if (edits.length === 0) return Promise.resolve();
      return desk.parts.backend.call('issue', { command: { task: [task.id, { edit: edits }] } });
    },
  });
}

/** What was changed on the sheet, each from what was seen. */
export function editsOf(task: TaskLine, after: Values, fields: readonly FormField[]): TaskEdit[] {
  const edits: TaskEdit[] = [];
  const title = text(after, 'title');
  if (title !== task.title) edits.push({ title: { from: task.title, to: title } });
  if ((after.assignee ?? null) !== who(task.assignee))
    edits.push({ assignee: { from: task.assignee, to: assigneeOf(text(after, 'assignee')) } });
  const start = number(after, 'planned_start');
  if (start !== task.planned_start) edits.push({ planned_start: { from: task.planned_start, to: start } });
  const minutes = number(after, 'planned_minutes') ?? 0;
  if (minutes !== task.planned_minutes) edits.push({ planned_minutes: { from: task.planned_minutes, to: minutes } });
  const mandatory = after.mandatory === true;
  if (mandatory !== task.mandatory) edits.push({ mandatory: { from: task.mandatory, to: mandatory } });
  const chosen = new Set(Array.isArray(after.after) ? after.after : []);
  const field = fields.find(({ name }) => name === 'after');
  // What the sheet did not offer (a task of an earlier phase) is not taken away by it.
  const offered = new Set(field?.type === 'choices' ? field.options.map(({ value }) => value) : []);
  const had = new Set(task.predecessors.map(({ id }) => id));
  for (const id of had) if (offered.has(id) && !chosen.has(id)) edits.push({ remove_predecessor: id });
  for (const id of chosen) if (!had.has(id)) edits.push({ add_predecessor: id });
  return edits;
}

function who(assignee: Assignee | null): string | null {
  if (assignee === null) return null;
  return 'person' in assignee ? `person:${assignee.person}` : `group:${assignee.group}`;
}

function assigneeOf(value: string): Assignee | null {
  const [kind, id] = value.split(':');
  if (!id) return null;
  return kind === 'person' ? { person: id } : { group: id };
}
