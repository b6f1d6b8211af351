/** An attribute of a class as a form, and back. */
import type { Attribute } from '../../bindings/Attribute';
import type { AttributeType } from '../../bindings/AttributeType';
import type { ClassTree } from '../../bindings/ClassTree';
import { list, text, type FormField, type Values } from '../../lib/form/form';
import { classOptions } from '../cmdb/form';

const TYPES = [
  { value: 'text', label: 'Text' },
  { value: 'number', label: 'Number' },
  { value: 'date', label: 'Day' },
  { value: 'choice', label: 'Choice' },
  { value: 'ci', label: 'Reference to a CI' },
  { value: 'person', label: 'Reference to a person' },
  { value: 'ip_address', label: 'IP address' },
  { value: 'mac_address', label: 'MAC address' },
  { value: 'yes_no', label: 'Yes or no' },
];

function kindOf(type: AttributeType): string {
  if (typeof type === 'string') return type;
  if ('number' in type) return 'number';
  if ('choice' in type) return 'choice';
  return type.reference === 'person' ? 'person' : 'ci';
}

/** What its values are, in a few words. */
export function typeWords(type: AttributeType): string {
  if (typeof type === 'object' && 'number' in type) {
    const { unit, min, max } = type.number;
    const of = unit === '' ? '' : ` ${unit}`;
    if (min !== null && max !== null) return `Number from ${min} to ${max}${of}`;
    if (min !== null) return `Number of at least ${min}${of}`;
    return max === null ? `Number${unit === '' ? '' : ` in ${unit}`}` : `Number of at most ${max}${of}`;
  }
  if (typeof type === 'object' && 'choice' in type) return `One of ${type.choice.join(', ')}`;
  if (typeof type === 'object' && type.reference !== 'person')
    return type.reference.ci === '' ? 'Reference to a CI' : `Reference to a CI of class ${type.reference.ci}`;
  return TYPES.find(({ value }) => value === kindOf(type))?.label ?? '';
}

export function attributeFields(tree: ClassTree | undefined, before: Attribute | undefined): FormField[] {
  const name: FormField = {
    name: 'name',
    label: 'Name',
    type: 'text',
    needed: true,
    hint: 'Under which CIs and imports keep it; it never changes',
  };
  return [
    ...(before ? [] : [name]),
    { name: 'title', label: 'Title', type: 'text', hint: 'As shown; the name when empty' },
    { name: 'type', label: 'Type', type: 'select', options: TYPES, needed: true },
    {
      name: 'unit',
      label: 'Unit, for a number',
      type: 'text',
      hint: 'Such as GB; other units of its kind are converted',
    },
    { name: 'min', label: 'Lowest, for a number', type: 'text' },
    { name: 'max', label: 'Highest, for a number', type: 'text' },
    { name: 'choices', label: 'Choices, one a line', type: 'lines' },
    {
      name: 'to',
      label: 'Class referred to, for a reference to a CI',
      type: 'select',
      options: classOptions(tree),
      empty: 'any class',
    },
    { name: 'default', label: 'Default', type: 'text', hint: 'What a new CI gets when nothing is said' },
    { name: 'help', label: 'Help', type: 'text', hint: 'Shown below the input' },
    { name: 'required', label: 'Required: a new CI must have a value', type: 'check' },
    { name: 'managed', label: 'Managed: only a release changes it', type: 'check' },
  ];
}

export function valuesOfAttribute(of: Attribute | undefined): Values {
  if (!of) return { type: 'text', choices: [] };
  const { type } = of;
  const number = typeof type === 'object' && 'number' in type ? type.number : undefined;
  const reference = typeof type === 'object' && 'reference' in type ? type.reference : undefined;
  return {
    title: of.title,
    type: kindOf(type),
    unit: number?.unit ?? '',
    min: number?.min ?? '',
    max: number?.max ?? '',
    choices: typeof type === 'object' && 'choice' in type ? type.choice : [],
    to: typeof reference === 'object' ? reference.ci : '',
    default: of.default,
    help: of.help,
    required: of.required,
    managed: of.managed,
  };
}

export function attributeOf(values: Values, before: Attribute | undefined): Attribute {
  const name = before?.name ?? text(values, 'name');
  return {
    name,
    title: text(values, 'title') || name,
    type: typeOf(values),
    default: text(values, 'default'),
    help: text(values, 'help'),
    required: values['required'] === true,
    managed: values['managed'] === true,
  };
}

function typeOf(values: Values): AttributeType {
  switch (text(values, 'type')) {
    case 'number':
      return {
        number: { unit: text(values, 'unit'), min: text(values, 'min') || null, max: text(values, 'max') || null },
      };
    case 'choice':
      return { choice: list(values, 'choices') };
    case 'ci':
      return { reference: { ci: text(values, 'to') } };
    case 'person':
      return { reference: 'person' };
    case 'date':
      return 'date';
    case 'ip_address':
      return 'ip_address';
    case 'mac_address':
      return 'mac_address';
    case 'yes_no':
      return 'yes_no';
    default:
      return 'text';
  }
}
