/** What may be asked of a DSL item, for its page and the inspector. */
import type { ActionState } from '../../bindings/ActionState';
import type { DslPage } from '../../bindings/DslPage';
import type { Kind } from '../../bindings/Kind';
import type { WindowParts } from '../../lib/context';
import { options, type FormField } from '../../lib/form/form';
import { CHECKS } from '../../lib/form/levels';
import { act } from '../../lib/record/act';

export const TOUCHES_ITEM: Kind[] = ['dsl_item', 'release', 'comment'];

const FIELDS: Record<string, FormField[]> = {
  record_check: [
    { name: 'check', label: 'Check', type: 'select', options: options(CHECKS), needed: true },
    {
      name: 'passed',
      label: 'Result',
      type: 'select',
      options: options(['passed', 'failed']),
      needed: true,
    },
    { name: 'note', label: 'What was done and seen', type: 'area', needed: true },
  ],
};

/** What is done with the item as a whole; what is done with its files stands beside them. */
export function ofTheItem(page: DslPage): ActionState[] {
  return page.actions.filter(({ action }) => !action.endsWith('_files') && action !== 'put_sbom');
}

export function actOnItem(parts: WindowParts, page: DslPage, action: ActionState, values = {}): void {
  const code = action.action.replaceAll('-', '_');
  act(parts, {
    number: page.item.number,
    action,
    fields: FIELDS[code],
    values: { passed: 'passed', ...values },
    note:
      code === 'accept'
        ? 'Files and metadata are frozen: this becomes the master that releases are built from.'
        : undefined,
    danger: code === 'withdraw',
    call: ({ passed, ...given }) =>
      parts.backend.call('dsl.act', {
        item: page.item.id,
        action: action.action,
        ...given,
        ...(code === 'record_check' ? { passed: passed === 'passed' } : {}),
      }),
  });
}
