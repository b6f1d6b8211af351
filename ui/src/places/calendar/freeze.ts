/** The sheet of a freeze: when it holds, what it covers, how hard it stops, whether it comes again. */
import type { Every } from '../../bindings/Every';
import type { Freeze } from '../../bindings/Freeze';
import type { FreezeScope } from '../../bindings/FreezeScope';
import type { FreezeStrength } from '../../bindings/FreezeStrength';
import type { Site } from '../../bindings/Site';
import type { WindowParts } from '../../lib/context';
import { list, number, text, type Values } from '../../lib/form/form';

export const STRENGTHS: { value: FreezeStrength; label: string }[] = [
  { value: 'hard', label: 'Hard: only the change manager overrides it' },
  { value: 'soft', label: 'Soft: an install has to give a reason' },
];

export const EVERY: { value: Every; label: string }[] = [
  { value: 'week', label: 'Every week' },
  { value: 'month', label: 'Every month' },
  { value: 'year', label: 'Every year' },
];

type Covers = 'everything' | 'sites' | 'services';

function coversOf(scope: FreezeScope | undefined): Covers {
  if (scope === undefined || scope === 'everything') return 'everything';
  return 'sites' in scope ? 'sites' : 'services';
}

function scopeOf(values: Values, before: FreezeScope | undefined): FreezeScope {
  const covers = text(values, 'covers') as Covers;
  if (covers === 'sites') return { sites: list(values, 'sites') };
  if (covers !== 'services') return 'everything';
  const kept = before !== undefined && before !== 'everything' && 'services' in before ? before.services : [];
  const more = text(values, 'service');
  return { services: [...new Set([...kept, ...(more === '' ? [] : [more])])] };
}

export function openFreeze(parts: WindowParts, sites: Site[], of?: Freeze, at?: { start: number; end: number }): void {
  const scope = of?.scope;
  const kept = scope !== undefined && scope !== 'everything' && 'services' in scope ? scope.services.length : 0;
  parts.sheets.open({
    title: of ? `Edit ${of.title}` : 'New freeze',
    note: 'While a freeze holds, nothing is installed on what it covers. Times are in your zone.',
    fields: [
      { name: 'title', label: 'Why', type: 'text', needed: true },
      { name: 'start', label: 'From', type: 'time', needed: true },
      { name: 'end', label: 'Until', type: 'time', needed: true },
      { name: 'strength', label: 'How hard', type: 'select', options: STRENGTHS, needed: true },
      {
        name: 'covers',
        label: 'Covers',
        type: 'select',
        needed: true,
        options: [
          { value: 'everything', label: 'Everything' },
          { value: 'sites', label: 'These sites' },
          { value: 'services', label: 'A business service' },
        ],
      },
      ...(sites.length > 0
        ? [
            {
              name: 'sites',
              label: 'Sites',
              type: 'choices' as const,
              options: sites.map(({ id, name }) => ({ value: id, label: name })),
            },
          ]
        : []),
      {
        name: 'service',
        label: 'Business service',
        type: 'record',
        kinds: ['ci'],
        ...(kept > 0 ? { hint: `Added to the ${kept} that it covers already.` } : {}),
      },
      { name: 'every', label: 'Comes again', type: 'select', options: EVERY, empty: 'does not come again' },
      { name: 'until', label: 'Comes again until', type: 'time', hint: 'Left empty, it never ends.' },
    ],
    values: {
      title: of?.title,
      start: of?.window.start ?? at?.start ?? null,
      end: of?.window.end ?? at?.end ?? null,
      strength: of?.strength ?? 'hard',
      covers: coversOf(scope),
      sites: scope !== undefined && scope !== 'everything' && 'sites' in scope ? scope.sites : [],
      every: of?.repeats?.every ?? '',
      until: of?.repeats?.until ?? null,
    },
    confirm: 'Save',
    submit: (values) => {
      const every = text(values, 'every') as Every | '';
      return parts.backend.call('setup.put', {
        freeze: {
          id: of?.id ?? null,
          title: text(values, 'title'),
          window: { start: number(values, 'start') ?? 0, end: number(values, 'end') ?? 0 },
          scope: scopeOf(values, scope),
          strength: text(values, 'strength') as FreezeStrength,
          ...(every === '' ? {} : { repeats: { every, until: number(values, 'until') } }),
        },
      });
    },
    done: of ? 'Freeze saved' : 'Freeze set',
  });
}

/** A freeze's strength and repetition in words. */
export function mannerOf({ strength, repeats }: Pick<Freeze, 'strength' | 'repeats'>): string {
  const again = EVERY.find(({ value }) => value === repeats?.every)?.label.toLowerCase();
  return [strength === 'soft' ? 'soft' : 'hard', again].filter(Boolean).join(', ');
}
