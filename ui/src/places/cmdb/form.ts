/** A CI as a form: its own fields, its place, and the attributes that its class gives it. */
import type { AttributeField } from '../../bindings/AttributeField';
import type { Ci } from '../../bindings/Ci';
import type { ClassTree } from '../../bindings/ClassTree';
import type { FieldChange } from '../../bindings/FieldChange';
import type { Kind } from '../../bindings/Kind';
import { options, text, type FormField, type Option, type Values } from '../../lib/form/form';
import { words } from '../../lib/format';
import { CRITICALITIES, ENVIRONMENTS, FACES } from '../../lib/form/levels';

/** What classes, CIs and relations are read from. */
export const TOUCHES_CLASSES: Kind[] = ['ci_class', 'relation_kind'];

/** The classes as choices, each under the one above it. */
export function classOptions(tree: ClassTree | undefined): Option[] {
  return (tree?.classes ?? []).map(({ key, name, depth }) => ({
    value: key,
    label: `${'\u2003'.repeat(depth)}${name}`,
  }));
}

/** The relation types of which new relations may be made. */
export function relationOptions(tree: ClassTree | undefined): Option[] {
  return (tree?.relation_types ?? [])
    .filter(({ retired }) => !retired)
    .map(({ key, name }) => ({ value: key, label: name }));
}

/** The fields that every CI has, named as the rules name them. */
export function ownFields(names: Record<string, string>, ci?: Ci): FormField[] {
  const shown = (id: string | null | undefined) => (id ? (names[id] ?? id) : '');
  return [
    { name: 'name', label: 'Name', type: 'text', needed: true, hint: 'Unique within its class' },
    { name: 'environment', label: 'Environment', type: 'select', options: options(ENVIRONMENTS), needed: true },
    { name: 'criticality', label: 'Criticality', type: 'select', options: options(CRITICALITIES), needed: true },
    { name: 'owner', label: 'Owner', type: 'record', kinds: ['person'], shown: shown(ci?.owner) },
    {
      name: 'support_group',
      label: 'Support group',
      type: 'record',
      kinds: ['group'],
      shown: shown(ci?.support_group),
    },
    { name: 'manufacturer', label: 'Manufacturer', type: 'text' },
    { name: 'model', label: 'Model', type: 'text' },
    { name: 'version', label: 'Version', type: 'text' },
    { name: 'serial_number', label: 'Serial number', type: 'text', hint: 'Unique within the manufacturer' },
    { name: 'asset_tag', label: 'Asset tag', type: 'text', hint: 'Unique' },
  ];
}

/** Site, building, room, rack, and where in the rack. */
export function placeFields(names: Record<string, string>, ci?: Ci): FormField[] {
  const site = ci?.location.site;
  return [
    { name: 'location.site', label: 'Site', type: 'record', kinds: ['site'], shown: site ? (names[site] ?? site) : '' },
    { name: 'location.building', label: 'Building', type: 'text' },
    { name: 'location.room', label: 'Room', type: 'text' },
    { name: 'location.rack', label: 'Rack', type: 'text' },
    { name: 'location.u', label: 'Lowest rack unit', type: 'text', hint: 'Such as 12' },
    { name: 'location.height', label: 'Height in rack units', type: 'text', hint: 'One when nothing is said' },
    {
      name: 'location.face',
      label: 'Face',
      type: 'select',
      // As the rules write it.
      options: FACES.map((face) => ({ value: words(face).toLowerCase(), label: words(face) })),
      empty: 'Front and rear',
      hint: 'Two CIs may stand behind each other, one in front and one in the rear',
    },
  ];
}

/** The right input for an attribute. */
export function attributeField({ attribute, field, shown, words, example, wrong }: AttributeField): FormField {
  const { type, title, required, help, managed } = attribute;
  const hint = [wrong, help, managed ? 'Managed: only a release changes it' : ''].filter(Boolean).join(' · ');
  const base = { name: field, label: title, needed: required };
  if (type === 'text') return { ...base, type: 'text', hint };
  if (type === 'date') return { ...base, type: 'date', hint };
  if (type === 'yes_no')
    return { ...base, type: 'select', options: ['yes', 'no'].map((value) => ({ value, label: value })), hint };
  if (typeof type === 'object' && 'choice' in type)
    return { ...base, type: 'select', options: type.choice.map((value) => ({ value, label: value })), hint };
  if (typeof type === 'object' && 'reference' in type)
    return { ...base, type: 'record', kinds: [type.reference === 'person' ? 'person' : 'ci'], shown, hint };
  return { ...base, type: 'text', hint: [hint, `${words}, such as ${example}`].filter(Boolean).join(' · ') };
}

/** Every field of a CI by name, as text. */
export function valuesOf(ci: Ci, attributes: AttributeField[]): Record<string, string> {
  const { location } = ci;
  const own: Record<string, string | number | null | undefined> = {
    name: ci.name,
    environment: ci.environment,
    criticality: ci.criticality,
    owner: ci.owner,
    support_group: ci.support_group,
    manufacturer: ci.manufacturer,
    model: ci.model,
    version: ci.version,
    serial_number: ci.serial_number,
    asset_tag: ci.asset_tag,
    notes: ci.notes,
    'location.site': location.site,
    'location.building': location.building,
    'location.room': location.room,
    'location.rack': location.rack,
    'location.u': location.u,
    'location.height': location.height,
    'location.face': location.face ? words(location.face).toLowerCase() : '',
  };
  return Object.fromEntries([
    ...Object.entries(own).map(([name, value]) => [name, value === null || value === undefined ? '' : String(value)]),
    ...attributes.map(({ field, value }) => [field, value]),
  ]) as Record<string, string>;
}

/** The fields of the form that were changed, each with what was seen. */
export function changesOf(fields: FormField[], before: Record<string, string>, after: Values): FieldChange[] {
  return fields
    .map(({ name }) => ({ field: name, from: before[name] ?? '', to: text(after, name) }))
    .filter(({ from, to }) => from !== to);
}
