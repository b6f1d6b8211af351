/** The facts of a CI, for its page and the inspector. */
import type { CiPage } from '../../bindings/CiPage';
import type { Ci } from '../../bindings/Ci';
import type { Kind } from '../../bindings/Kind';
import { words } from '../../lib/format';
import type { Fact } from '../../lib/record/Facts.svelte';

export const TOUCHES_CI: Kind[] = [
  'ci',
  'relation',
  'ci_group',
  'baseline',
  'release',
  'change',
  'dhs_unit',
  'comment',
  'ci_class',
];

export function factsOf({ ci, names, form }: CiPage): Fact[] {
  const { location } = ci;
  const place = [
    location.site ? (names[location.site] ?? location.site) : '',
    location.building,
    location.room,
    location.rack,
    unitsOf(location),
  ];
  return [
    ['Class', form.name],
    ['Environment', words(ci.environment)],
    ['Criticality', words(ci.criticality)],
    ['Version', ci.version],
    ['Manufacturer', ci.manufacturer],
    ['Model', ci.model],
    ['Serial number', ci.serial_number],
    ['Asset tag', ci.asset_tag],
    ['Place', place.filter(Boolean).join(' › ')],
    ['Owner', ci.owner ? (names[ci.owner] ?? ci.owner) : ''],
    ['Support group', ci.support_group ? (names[ci.support_group] ?? ci.support_group) : ''],
    ...form.attributes.map(({ attribute, shown }): Fact => [attribute.title, shown]),
  ];
}

/** Such as `U10–U12 front`. */
function unitsOf({ u, height, face }: Ci['location']): string {
  if (u === null) return '';
  const top = u + (height ?? 1) - 1;
  return [top > u ? `U${u}–U${top}` : `U${u}`, face ? words(face).toLowerCase() : ''].filter(Boolean).join(' ');
}
