/** A calendar of the workspace in memory: a weekend with a rollout, two changes of which one collides, and a freeze. */
import type { CalendarPage } from '../bindings/CalendarPage';
import type { CalendarPlan } from '../bindings/CalendarPlan';
import type { CalendarRequest } from '../bindings/CalendarRequest';
import type { MovePage } from '../bindings/MovePage';
import type { MoveRequest } from '../bindings/MoveRequest';
import type { SlotPage } from '../bindings/SlotPage';
import { a_finding, ANNA, HOUR, QUIET } from './world';

/** Saturday the 28th, 20:00 in the zone of the tests. */
export const SATURDAY = new Date(2026, 10, 28, 20).getTime();

function a_plan(
  label: string,
  title: string,
  from: number,
  hours: number,
  more: Partial<CalendarPlan> = {},
): CalendarPlan {
  const release = label.startsWith('REL');
  return {
    id: label.toLowerCase(),
    kind: release ? 'release' : 'change',
    label,
    title,
    state: 'approved',
    hue: 'ok',
    window: { start: SATURDAY + from * HOUR, end: SATURDAY + (from + hours) * HOUR },
    who: { id: ANNA.id, label: ANNA.name },
    carried_by: null,
    ahead: true,
    path: `/${release ? 'releases' : 'changes'}/${label}`,
    sync: QUIET,
    findings: [],
    ...more,
  };
}

const COLLISION = {
  ...a_finding(
    'COLLISION_SERVICE',
    'REL-000131 and CHG-004410 share the service Payroll.',
    'Move one of the two windows.',
  ),
  record: { kind: 'change' as const, id: 'chg-004410', label: 'CHG-004410' },
};

export function a_calendar({ from, to }: CalendarRequest): CalendarPage {
  const plans = [
    a_plan('CHG-004411', 'Uplink card', -30, 2, { carried_by: { id: 'r123', label: 'REL-000123' }, ahead: false }),
    a_plan('REL-000131', 'Payroll 9.4', 0, 5, { findings: [COLLISION] }),
    a_plan('CHG-004410', 'Patch the database cluster', 2, 1, { state: 'approval pending', hue: 'pending' }),
    a_plan('REL-000140', 'Badge readers', -60, 96),
  ].filter(({ window }) => window.start < to && window.end > from);
  const freeze = { start: SATURDAY + 100 * HOUR, end: SATURDAY + 200 * HOUR };
  return {
    period: { start: from, end: to },
    plans,
    freezes:
      freeze.start < to && freeze.end > from
        ? [{ id: 'f1', title: 'Month end', window: freeze, covers: 'Payroll', soft: false, repeats: null }]
        : [],
    total: plans.length,
    not_compared: false,
  };
}

/** Sunday the 29th at the same time has nothing in its way; any other time collides. */
export function a_move({ from, to }: MoveRequest): MovePage {
  return {
    label: 'REL-000131',
    window: from ?? null,
    refused: [],
    voids: [{ gate: 'Plan and design', state: 'approved', votes: 2 }],
    forgets_go: false,
    meets: to.start === SATURDAY + 24 * HOUR ? [] : [COLLISION],
  };
}

export function a_slot(): SlotPage {
  return {
    label: 'REL-000131',
    minutes: 300,
    slot: { start: SATURDAY + 24 * HOUR, end: SATURDAY + 29 * HOUR },
    passed: [{ slot: { start: SATURDAY, end: SATURDAY + 5 * HOUR }, why: [COLLISION] }],
    too_short: false,
    until: SATURDAY + 4_000 * HOUR,
  };
}
