/** The facts of a CI, for its page and the inspector. */
import type { CiPage } from '../../bindings/CiPage';
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
];

export function factsOf({ ci, names }: CiPage): Fact[] {
  const { location } = ci;
  const place = [
    location.site ? (names[location.site] ?? location.site) : '',
    location.building,
    location.room,
    location.rack,
    location.u === null ? '' : `U${location.u}`,
  ];
  return [
    ['Class', ci.class],
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
    ...Object.entries(ci.attributes).map(([name, value]): Fact => [words(name), value]),
    ['Notes', ci.notes],
  ];
}
