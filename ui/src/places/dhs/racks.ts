/** Addresses of racks: site, building, room and rack in one part of the address. */
import type { RackRequest } from '../../bindings/RackRequest';
import type { WindowParts } from '../../lib/context';
import { text } from '../../lib/form/form';

/** What stands between the parts; no name of a place has it. */
const BETWEEN = '|';

export function rackAddress(site: string, building: string, room: string, rack: string): string {
  return [site, building, room, rack].join(BETWEEN);
}

export function placeOfRack(address: string): RackRequest {
  const [site = '', building = '', room = '', rack = ''] = address.split(BETWEEN);
  return { building, room, rack, ...(site === '' ? {} : { site }) };
}

/** Asks for a rack and goes there. */
export function rackSheet({ sheets, router }: WindowParts): void {
  sheets.open({
    title: 'Show a rack',
    fields: [
      { name: 'site', label: 'Site', type: 'record', kinds: ['site'] },
      { name: 'building', label: 'Building', type: 'text' },
      { name: 'room', label: 'Room', type: 'text' },
      { name: 'rack', label: 'Rack', type: 'text', needed: true },
    ],
    values: {},
    confirm: 'Show it',
    submit: (values) => {
      const [site, building, room, rack] = ['site', 'building', 'room', 'rack'].map((name) => text(values, name));
      router.go({
        place: 'dhs',
        record: 'racks',
        tab: rackAddress(site ?? '', building ?? '', room ?? '', rack ?? ''),
      });
      return Promise.resolve();
    },
  });
}
