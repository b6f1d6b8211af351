/** Standards: how their states look, their fields as a form, what is done with an exception. */
import type { AttributeField } from '../../bindings/AttributeField';
import type { CiCompliance } from '../../bindings/CiCompliance';
import type { Hue } from '../../bindings/Hue';
import type { Kind } from '../../bindings/Kind';
import type { StandardState } from '../../bindings/StandardState';
import type { WindowParts } from '../../lib/context';
import { options, text, type FormField, type Values } from '../../lib/form/form';
import { capital } from '../../lib/format';
import { CRITICALITIES, ENVIRONMENTS } from '../../lib/form/levels';
import { attributeField } from './form';

/** What a standard and its comparison are read from. */
export const TOUCHES_STANDARDS: Kind[] = ['standard', 'ci_standard', 'ci', 'ci_class'];

export const STATE_HUES: Record<StandardState, Hue> = { draft: 'neutral', authorised: 'ok', retired: 'neutral' };

/** The fields of which a standard can say something; what is left empty it leaves open. */
export function standardFields(attributes: AttributeField[]): FormField[] {
  const own: FormField[] = [
    { name: 'manufacturer', label: 'Manufacturer', type: 'text' },
    { name: 'model', label: 'Model', type: 'text' },
    { name: 'version', label: 'Version', type: 'text' },
    { name: 'environment', label: 'Environment', type: 'select', options: options(ENVIRONMENTS), empty: 'any' },
    { name: 'criticality', label: 'Criticality', type: 'select', options: options(CRITICALITIES), empty: 'any' },
  ];
  const [first, ...others] = [...own, ...attributes.map(attributeField)].map((field) => ({ ...field, needed: false }));
  return first ? [{ ...first, heading: 'Authorised values: what is left empty may differ' }, ...others] : others;
}

/** What the form says of these fields. */
export function authorisedValues(fields: FormField[], values: Values): Record<string, string> {
  return Object.fromEntries(fields.map(({ name }) => [name, text(values, name)]).filter(([, value]) => value !== ''));
}

/** Asks why a CI may differ, and in which fields. */
export function except(parts: WindowParts, { ci, standard, deviations }: CiCompliance) {
  const open = deviations.filter(({ excepted }) => !excepted);
  parts.sheets.open({
    title: `Except ${ci.label} from ${standard.name}`,
    note: 'It may stay as it is. When such a field changes again, it is out of compliance again.',
    fields: [
      {
        name: 'fields',
        label: 'In these fields',
        type: 'choices',
        needed: true,
        options: open.map(({ field, title, is, authorised }) => ({
          value: field,
          label: `${capital(title)}: ${is || 'nothing'} instead of ${authorised}`,
        })),
      },
      { name: 'reason', label: 'Why', type: 'area', needed: true },
    ],
    values: { fields: open.map(({ field }) => field) },
    confirm: 'Except',
    submit: (values) =>
      parts.backend.call('standards.act', {
        action: 'except',
        standard: standard.id,
        cis: [ci.id],
        fields: values['fields'] as string[],
        reason: text(values, 'reason'),
      }),
    done: 'Excepted',
  });
}

/** Takes the exceptions of a CI back. */
export function withdraw(parts: WindowParts, { ci, standard }: CiCompliance) {
  void parts.sheets.perform(
    'The exceptions stay',
    () => parts.backend.call('standards.act', { action: 'withdraw_exception', standard: standard.id, cis: [ci.id] }),
    'Exceptions taken back',
  );
}

/** Puts what corrects these CIs into the CI update plan of a release; all that are out of compliance without `cis`. */
export function correct(parts: WindowParts, standard: { id: string; name: string }, cis?: string[]) {
  parts.sheets.open({
    title: `Correct what differs from ${standard.name}`,
    note: 'The lines are put into the CI update plan of a release, and take effect when it is installed.',
    fields: [{ name: 'release', label: 'Release', type: 'record', kinds: ['release'], needed: true }],
    confirm: 'Put it into the plan',
    submit: async (values) => {
      const { release } = await parts.backend.call('standards.correct', {
        standard: standard.id,
        release: text(values, 'release'),
        ...(cis ? { cis } : {}),
      });
      if (release) parts.router.go({ place: 'releases', record: release.id, tab: 'ci_update' });
    },
    done: 'Put into the CI update plan',
  });
}
