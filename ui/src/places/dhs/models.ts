/** What may be asked of a hardware model and of consumables of it: sheets for its page. */
import type { Airflow } from '../../bindings/Airflow';
import type { Bin } from '../../bindings/Bin';
import type { DhsModel } from '../../bindings/DhsModel';
import type { ModelKind } from '../../bindings/ModelKind';
import type { ModelPage } from '../../bindings/ModelPage';
import type { WindowParts } from '../../lib/context';
import { list, number, optional, options, text, type FormField, type Values } from '../../lib/form/form';

export const MODEL_KINDS: ModelKind[] = ['device', 'module', 'consumable'];
const AIRFLOWS: Airflow[] = [
  'front_to_rear',
  'rear_to_front',
  'left_to_right',
  'right_to_left',
  'side_to_rear',
  'rear_to_side',
  'bottom_to_top',
  'top_to_bottom',
  'passive',
  'mixed',
];

/** Movements of consumables out of a bin or within the store; what arrives has a button of its own. */
export const COUNTED = [
  { action: 'receive', title: 'Receive…' },
  { action: 'transfer', title: 'Transfer…' },
  { action: 'reserve', title: 'Reserve for a release…' },
  { action: 'release_reservation', title: 'Release a reservation…' },
  { action: 'issue', title: 'Issue…' },
  { action: 'return', title: 'Return…' },
  { action: 'adjust', title: 'Adjust the count…' },
  { action: 'dispose', title: 'Dispose…' },
] as const;

export function editModelSheet({ sheets, backend }: WindowParts, model: DhsModel): void {
  const { facts } = model;
  sheets.open({
    title: `${model.manufacturer} ${model.name}`,
    fields: [
      { name: 'manufacturer', label: 'Manufacturer', type: 'text', needed: true },
      { name: 'name', label: 'Name', type: 'text', needed: true },
      { name: 'kind', label: 'Kind', type: 'select', options: options(MODEL_KINDS), needed: true },
      { name: 'description', label: 'Description', type: 'text' },
      { name: 'part_numbers', label: 'Part numbers', type: 'lines', hint: 'What a scanner may read, one a line' },
      {
        name: 'serial_prefixes',
        label: 'Serial numbers begin with',
        type: 'lines',
        hint: 'A scanned serial number that begins so is of this model; one a line',
      },
      { name: 'height', label: 'Height in U', type: 'number' },
      { name: 'kilograms', label: 'Weight in kg', type: 'number' },
      { name: 'airflow', label: 'Airflow', type: 'select', options: options(AIRFLOWS), empty: 'not known' },
      { name: 'full_depth', label: 'It fills front and rear of a rack', type: 'check' },
    ],
    values: {
      manufacturer: model.manufacturer,
      name: model.name,
      kind: facts?.kind ?? 'device',
      description: facts?.description ?? '',
      part_numbers: model.part_numbers,
      serial_prefixes: facts?.serial_prefixes ?? [],
      height: model.height_tenth_u / 10,
      kilograms: facts?.weight_g ? facts.weight_g / 1000 : null,
      airflow: facts?.airflow ?? '',
      full_depth: facts?.full_depth ?? true,
    },
    confirm: 'Save',
    submit: (values) =>
      backend.call('dhs.edit_model', {
        model: model.id,
        manufacturer: text(values, 'manufacturer'),
        name: text(values, 'name'),
        kind: text(values, 'kind') as ModelKind,
        description: text(values, 'description'),
        part_numbers: list(values, 'part_numbers'),
        serial_prefixes: list(values, 'serial_prefixes'),
        height_tenth_u: Math.round((number(values, 'height') ?? 0) * 10),
        weight_g: Math.round((number(values, 'kilograms') ?? 0) * 1000),
        airflow: optional(values, 'airflow') as Airflow | undefined,
        full_depth: values.full_depth === true,
      }),
    done: 'Model saved',
  });
}

export function minimumSheet({ sheets, backend }: WindowParts, page: ModelPage): void {
  sheets.open({
    title: `Minimum of ${page.model.name}`,
    note: 'Fewer free ones than this in a store are said in the Inbox.',
    fields: [
      { name: 'store', label: 'Store', type: 'text', needed: true },
      { name: 'least', label: 'At least', type: 'number', hint: '0 takes the minimum away' },
    ],
    values: { store: page.stores[0]?.store ?? '', least: page.stores[0]?.minimum ?? 0 },
    confirm: 'Set the minimum',
    submit: (values) =>
      backend.call('dhs.edit_model', {
        model: page.model.id,
        minimum: { [text(values, 'store')]: Math.round(number(values, 'least') ?? 0) },
      }),
    done: 'Minimum set',
  });
}

const PLACE: FormField[] = [
  { name: 'store', label: 'Store', type: 'text', needed: true },
  { name: 'aisle', label: 'Aisle', type: 'text' },
  { name: 'shelf', label: 'Shelf', type: 'text' },
  { name: 'bin', label: 'Bin', type: 'text' },
];
const RELEASE: FormField = { name: 'release', label: 'Release', type: 'record', kinds: ['release'] };
const REASON: FormField = { name: 'reason', label: 'Reason', type: 'area', needed: true };

/** What a movement of consumables asks beside how many. */
function asked(action: string): FormField[] {
  switch (action) {
    case 'transfer':
      return PLACE.map((field, at) => (at === 0 ? { ...field, heading: 'To' } : field));
    case 'reserve':
    case 'release_reservation':
      return [{ ...RELEASE, needed: true }];
    case 'issue':
    case 'return':
      return [RELEASE];
    case 'adjust':
    case 'dispose':
      return [REASON];
    default:
      return [];
  }
}

function binIn(values: Values, site: string | null): Bin {
  return {
    site,
    store: text(values, 'store'),
    aisle: text(values, 'aisle'),
    shelf: text(values, 'shelf'),
    bin: text(values, 'bin'),
  };
}

export function countSheet({ sheets, backend }: WindowParts, model: DhsModel, action: string, from?: Bin): void {
  const title = COUNTED.find((one) => one.action === action)?.title.replace('…', '') ?? action;
  sheets.open({
    title: `${model.name}: ${title}`,
    fields: [
      {
        name: 'quantity',
        label: action === 'adjust' ? 'More than recorded' : 'How many',
        type: 'number',
        needed: true,
        ...(action === 'adjust' ? { hint: 'With a minus for fewer' } : {}),
      },
      ...asked(action),
      ...(from ? [] : PLACE),
    ],
    values: {},
    confirm: title,
    submit: (values) =>
      backend.call('dhs.count', {
        model: model.id,
        bin: from ?? binIn(values, null),
        action,
        quantity: Math.round(number(values, 'quantity') ?? 0),
        release: optional(values, 'release'),
        reason: optional(values, 'reason'),
        ...(action === 'transfer' ? { to: binIn(values, from?.site ?? null) } : {}),
      }),
    done: `${model.name}: ${title} ✓`,
  });
}
