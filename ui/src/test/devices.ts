/** Devices of the workspace in memory: this computer, and an old one that was shut out. */
import type { DeviceView } from '../bindings/DeviceView';
import { BEN, HOUR, NOW } from './world';

export const DEVICES: DeviceView[] = [
  {
    id: 'd1',
    name: 'LAPTOP-B',
    person: BEN.name,
    here: true,
    shut_out: false,
    registered_at: NOW - 24 * HOUR,
    last_seen: NOW - HOUR,
    commands: 12,
    may_let_in: false,
  },
  {
    id: 'd2',
    name: 'LAPTOP-OLD',
    person: BEN.name,
    here: false,
    shut_out: true,
    registered_at: NOW - 240 * HOUR,
    last_seen: null,
    commands: 3,
    may_let_in: true,
  },
];
