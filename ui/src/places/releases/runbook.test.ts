import { describe, expect, it } from 'vitest';
import type { RunbookStep } from '../../bindings/RunbookStep';
import type { RunbookView } from '../../bindings/RunbookView';
import type { TaskLine } from '../../bindings/TaskLine';
import { duration } from '../../lib/format';
import { editsOf } from './task_edit';
import { axisOf, inDays, lateness, marks, nextSteps, place, WIDTH } from './runbook';

const MIN = 60_000;
const HOUR = 60 * MIN;

function step(number: string, from: number, more: Partial<RunbookStep> & { state?: string; ready?: boolean } = {}) {
  const { state = 'planned', ready = false, ...rest } = more;
  const span = { start: from * MIN, end: (from + 10) * MIN };
  const task = { id: number, number, title: number, state, ready, predecessors: [] } as unknown as TaskLine;
  return {
    task,
    planned: span,
    forecast: span,
    slack_minutes: 0,
    late_minutes: 0,
    critical: false,
    mine: false,
    ...rest,
  };
}

function book(steps: RunbookStep[], more: Partial<RunbookView> = {}): RunbookView {
  const span = { start: 0, end: 2 * HOUR };
  const base = { planned: span, forecast: span, window: null, live: false, now: 0, steps };
  return { ...base, ...more } as unknown as RunbookView;
}

describe('the axis', () => {
  it('holds plan, forecast, window and now', () => {
    const axis = axisOf(book([], { window: { window: { start: -HOUR, end: HOUR }, open: true, past: false } }));
    expect(axis.start).toBeLessThan(-HOUR);
    expect(axis.end).toBeGreaterThan(2 * HOUR);
    expect(axisOf(book([], { live: true, now: 9 * HOUR })).end).toBeGreaterThan(9 * HOUR);
    expect(place(axis, axis.start)).toBe(0);
    expect(place(axis, axis.end + HOUR)).toBe(WIDTH);
  });

  it('has whole marks that fit beside each other', () => {
    const found = marks({ start: 7 * MIN, end: 3 * HOUR }, 0);
    expect(found[0]).toBe(30 * MIN);
    expect(found.length).toBeLessThanOrEqual(9);
    expect(marks({ start: 0, end: 30 * 24 * HOUR }, 0).length).toBeLessThanOrEqual(9);
  });

  it('has days where hours would all be midnight', () => {
    expect(inDays({ start: 0, end: 30 * 24 * HOUR })).toBe(true);
    expect(inDays({ start: 0, end: 6 * HOUR })).toBe(false);
  });

  it('stands without steps', () => {
    const axis = axisOf(book([], { planned: null, forecast: null, now: 5 }));
    expect(axis.end).toBeGreaterThan(axis.start);
  });
});

describe('next steps', () => {
  it('are mine first, then those that decide the end', () => {
    const steps = [
      step('T01', 0, { state: 'done' }),
      step('T02', 10, { ready: true }),
      step('T03', 10, { ready: true, critical: true }),
      step('T04', 20, { ready: true, mine: true }),
      step('T05', 30),
    ];
    expect(nextSteps(book(steps)).map(({ task }) => task.number)).toEqual(['T04', 'T03', 'T02']);
  });
});

describe('lateness', () => {
  it.each([
    [0, ''],
    [90, '1 h 30 min late'],
    [-5, '5 min early'],
  ])('of %i minutes', (minutes, said) => {
    expect(lateness(minutes, duration)).toBe(said);
  });
});

describe('edits of a task', () => {
  it('say only what changed, and leave predecessors alone that the sheet did not offer', () => {
    const task = {
      ...step('T02', 0).task,
      assignee: null,
      planned_start: null,
      planned_minutes: 30,
      mandatory: true,
      predecessors: [
        { id: 'earlier', label: 'T00' },
        { id: 'T01', label: 'T01' },
      ],
    } as TaskLine;
    const fields = [
      {
        name: 'after',
        label: 'After',
        type: 'choices' as const,
        options: [
          { value: 'T01', label: '' },
          { value: 'T03', label: '' },
        ],
      },
    ];
    const after = { title: 'T02', planned_minutes: 45, mandatory: true, after: ['T03'] };
    expect(editsOf(task, after, fields)).toEqual([
      { planned_minutes: { from: 30, to: 45 } },
      { remove_predecessor: 'T01' },
      { add_predecessor: 'T03' },
    ]);
  });
});
