/** Carry files in memory: one that was exported, and one that another laptop handed over. */
import type { CarryStatus } from '../bindings/CarryStatus';
import { ANNA, HOUR, NOW } from './world';

export const CARRY: CarryStatus = {
  waiting: 2,
  unable: '',
  exported: { path: '/media/stick/slipway-ben.carry', at: NOW - HOUR, commands: 2 },
  imported: null,
  handed: [{ person: ANNA.name, laptop: 'LAPTOP-A', made_at: NOW - 2 * HOUR, commands: 3, showing: 2, outcome: '' }],
};
