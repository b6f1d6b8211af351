/** What may be asked of a DHS unit, for its page and the inspector. */
import type { ActionState } from '../../bindings/ActionState';
import type { Bin } from '../../bindings/Bin';
import type { Kind } from '../../bindings/Kind';
import type { Site } from '../../bindings/Site';
import type { UnitPage } from '../../bindings/UnitPage';
import type { WindowParts } from '../../lib/context';
import { options, text, type FormField, type Values } from '../../lib/form/form';
import { CONDITIONS } from '../../lib/form/levels';
import { act } from '../../lib/record/act';

export const TOUCHES_UNIT: Kind[] = ['dhs_unit', 'dhs_model', 'movement', 'release', 'ci', 'comment', 'exception'];

/** Where a unit lies, as fields of a form. */
export function binFields(sites: readonly Site[]): FormField[] {
  return [
    {
      name: 'site',
      label: 'Site',
      type: 'select',
      options: sites.map(({ id, name }) => ({ value: id, label: name })),
      empty: 'not named',
    },
    { name: 'store', label: 'Store', type: 'text', needed: true },
    { name: 'aisle', label: 'Aisle', type: 'text' },
    { name: 'shelf', label: 'Shelf', type: 'text' },
    { name: 'bin', label: 'Bin', type: 'text' },
  ];
}

export function binOf(values: Values): Bin {
  return {
    site: text(values, 'site') || null,
    store: text(values, 'store'),
    aisle: text(values, 'aisle'),
    shelf: text(values, 'shelf'),
    bin: text(values, 'bin'),
  };
}

function fieldsOf(code: string, sites: readonly Site[]): FormField[] | undefined {
  switch (code) {
    case 'reserve':
      return [{ name: 'release', label: 'For release', type: 'record', kinds: ['release'], needed: true }];
    case 'install':
      return [{ name: 'ci', label: 'As CI', type: 'record', kinds: ['ci'], needed: true }];
    case 'transfer':
      return binFields(sites);
    case 'return':
      return [
        ...binFields(sites),
        { name: 'condition', label: 'Condition', type: 'select', options: options(CONDITIONS), empty: 'as it was' },
      ];
    default:
      return undefined;
  }
}

export function actOnUnit(parts: WindowParts, page: UnitPage, sites: readonly Site[], action: ActionState): void {
  const code = action.action.replaceAll('-', '_');
  const moves = code === 'transfer' || code === 'return';
  act(parts, {
    number: page.unit.number,
    action,
    fields: fieldsOf(code, sites),
    values: moves ? { ...page.unit.bin } : {},
    danger: code === 'dispose',
    call: ({ site, store, aisle, shelf, bin, ...given }) =>
      parts.backend.call('dhs.act', {
        unit: page.unit.id,
        action: action.action,
        ...given,
        ...(moves ? { bin: binOf({ site, store, aisle, shelf, bin } as Values) } : {}),
      }),
  });
}
