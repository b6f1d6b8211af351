/** The facts of a unit, for its page and the inspector. */
import type { UnitPage } from '../../bindings/UnitPage';
import { words } from '../../lib/format';
import type { Fact } from '../../lib/record/Facts.svelte';

export function factsOf({ unit, model, names, release, ci }: UnitPage): Fact[] {
  const { bin } = unit;
  const place = [bin.site ? (names[bin.site] ?? bin.site) : '', bin.store, bin.aisle, bin.shelf, bin.bin];
  return [
    ['Model', `${model.manufacturer} ${model.name}`],
    ['Serial number', unit.serial_number],
    ['Asset tag', unit.asset_tag],
    ['Condition', words(unit.condition)],
    ['Place', place.filter(Boolean).join(' › ')],
    ['Release', release?.label],
    ['Installed as', ci?.label],
    ['Part numbers', model.part_numbers.join(', ')],
  ];
}
