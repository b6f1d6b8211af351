/** What may be asked of a DHS unit, for its page and the inspector. */
import type { ActionState } from '../../bindings/ActionState';
import type { Bin } from '../../bindings/Bin';
import type { Kind } from '../../bindings/Kind';
import type { Site } from '../../bindings/Site';
import type { UnitPage } from '../../bindings/UnitPage';
import type { WindowParts } from '../../lib/context';
import { options, text, type FormField, type Values } from '../../lib/form/form';
import { CONDITIONS } from '../../lib/form/levels';
import { act, filled, REASON } from '../../lib/record/act';
import { placeFields } from '../cmdb/form';

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

/** What becomes of the CI of a unit that stands in a rack. */
const OUT_OF_RACK: FormField = {
  name: 'out_of_rack',
  label: 'Its CI',
  type: 'select',
  empty: 'follows the unit, unless an open release has it',
  options: [
    { value: 'yes', label: 'leaves the rack and is available' },
    { value: 'no', label: 'stays as it is' },
  ],
};

function fieldsOf(code: string, sites: readonly Site[], installed: boolean): FormField[] | undefined {
  switch (code) {
    case 'reserve':
      return [{ name: 'release', label: 'For release', type: 'record', kinds: ['release'], needed: true }];
    case 'install':
      return [{ name: 'ci', label: 'As CI', type: 'record', kinds: ['ci'], needed: true }];
    case 'adjust':
      return [REASON];
    case 'transfer':
      return binFields(sites);
    case 'return':
      return [
        ...binFields(sites),
        { name: 'condition', label: 'Condition', type: 'select', options: options(CONDITIONS), empty: 'as it was' },
        ...(installed ? [OUT_OF_RACK] : []),
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
    fields: fieldsOf(code, sites, page.unit.state === 'installed'),
    values: moves ? { ...page.unit.bin } : {},
    danger: code === 'dispose',
    call: ({ site, store, aisle, shelf, bin, out_of_rack, ...given }) =>
      parts.backend.call('dhs.act', {
        unit: page.unit.id,
        action: action.action,
        ...given,
        ...(out_of_rack ? { out_of_rack: out_of_rack === 'yes' } : {}),
        ...(moves ? { bin: binOf({ site, store, aisle, shelf, bin } as Values) } : {}),
      }),
  });
}

/** Into production: where it stands, and as which CI. */
export function installSheet({ sheets, backend }: WindowParts, { unit, model }: UnitPage): void {
  const fits =
    model.height_tenth_u > 0 ? `${model.height_tenth_u / 10} U, as the model says` : 'One when nothing is said';
  sheets.open({
    title: `${unit.number}: Install in a rack`,
    note: 'The CI is created at that place, or brought to what the unit is. A place that is taken is refused.',
    fields: [
      { name: 'ci', label: 'CI that it replaces or is', type: 'record', kinds: ['ci'], hint: 'Empty: a new one' },
      { name: 'name', label: 'Name of a new CI', type: 'text' },
      { name: 'class', label: 'Class of a new CI', type: 'text', hint: 'Such as server, switch' },
      ...placeFields({}).map((field, at) => ({
        ...field,
        ...(at === 0 ? { heading: 'Place' } : {}),
        ...(field.name === 'location.height' ? { hint: fits } : {}),
      })),
    ],
    values: {},
    confirm: 'Install it',
    submit: (values) => {
      const { ci, name, class: of, ...place } = filled(values) as Record<string, string>;
      return backend.call('dhs.install_as', { unit: unit.id, ci, name: name ?? '', class: of ?? '', place });
    },
    done: `${unit.number} installed`,
  });
}

/** What is known of a unit, corrected. */
export function describeSheet({ sheets, backend }: WindowParts, { unit }: UnitPage): void {
  const { facts } = unit;
  const was = {
    serial_number: unit.serial_number,
    asset_tag: unit.asset_tag,
    condition: unit.condition,
    warranty_end: facts?.warranty_end ? new Date(facts.warranty_end).toISOString().slice(0, 10) : '',
    cost: facts?.cost ? `${(facts.cost.minor / 100).toFixed(2)} ${facts.cost.currency}` : '',
    supplier: facts?.supplier ?? '',
    order: facts?.order ?? '',
    firmware: facts?.firmware ?? '',
    notes: facts?.notes ?? '',
  };
  sheets.open({
    title: `${unit.number}: Edit`,
    fields: [
      { name: 'serial_number', label: 'Serial number', type: 'text' },
      { name: 'asset_tag', label: 'Asset tag', type: 'text' },
      { name: 'condition', label: 'Condition', type: 'select', options: options(CONDITIONS), needed: true },
      { name: 'warranty_end', label: 'Warranty ends', type: 'date' },
      { name: 'cost', label: 'Cost', type: 'text', hint: 'Such as 1299.00 EUR' },
      { name: 'supplier', label: 'Supplier', type: 'text' },
      { name: 'order', label: 'Order', type: 'text' },
      { name: 'firmware', label: 'Firmware', type: 'text' },
      { name: 'notes', label: 'Notes', type: 'area' },
    ],
    values: was,
    confirm: 'Save',
    submit: (values) => {
      const now = Object.keys(was).map((name): [string, string] => [name, text(values, name)]);
      // Only what was changed here: the rest may have been changed elsewhere.
      const changed = now.filter(([name, value]) => value !== was[name as keyof typeof was]);
      return backend.call('dhs.describe', { unit: unit.id, ...Object.fromEntries(changed) });
    },
    done: `${unit.number} saved`,
  });
}
