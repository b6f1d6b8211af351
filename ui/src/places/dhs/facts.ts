/** The facts of a unit, for its page and the inspector. */
import type { UnitPage } from '../../bindings/UnitPage';
import { date, words } from '../../lib/format';
import type { Fact } from '../../lib/record/Facts.svelte';

export function factsOf({ unit, model, names, release, ci }: UnitPage): Fact[] {
  const { bin, facts } = unit;
  const place = [bin.site ? (names[bin.site] ?? bin.site) : '', bin.store, bin.aisle, bin.shelf, bin.bin];
  return [
    ['Model', `${model.manufacturer} ${model.name}`],
    ['Serial number', unit.serial_number],
    ['Asset tag', unit.asset_tag],
    ['Condition', words(unit.condition)],
    ['Place', place.filter(Boolean).join(' › ')],
    ['Warranty ends', facts?.warranty_end ? date(facts.warranty_end) : ''],
    ['Cost', facts?.cost ? `${(facts.cost.minor / 100).toFixed(2)} ${facts.cost.currency}` : ''],
    ['Supplier', facts?.supplier],
    ['Order', facts?.order],
    ['Firmware', facts?.firmware],
    ['Notes', facts?.notes],
    ['Release', release?.label],
    ['Installed as', ci?.label],
    ['Part numbers', model.part_numbers.join(', ')],
  ];
}
