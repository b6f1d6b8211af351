/** A small, believable workspace for component tests and the stage: builders with fixed ids and times, typed as the bridge is. */
import type { ActionState } from '../bindings/ActionState';
import type { ApprovalView } from '../bindings/ApprovalView';
import type { Board } from '../bindings/Board';
import type { ChangePage } from '../bindings/ChangePage';
import type { ExceptionView } from '../bindings/ExceptionView';
import type { Finding } from '../bindings/Finding';
import type { Inbox } from '../bindings/Inbox';
import type { Kind } from '../bindings/Kind';
import type { ListRow } from '../bindings/ListRow';
import type { PersonView } from '../bindings/PersonView';
import type { ReadyState } from '../bindings/ReadyState';
import type { ReleasePage } from '../bindings/ReleasePage';
import type { Settings } from '../bindings/Settings';
import type { SyncStatus } from '../bindings/SyncStatus';
import type { TaskLine } from '../bindings/TaskLine';
import type { WorkspaceSetup } from '../bindings/WorkspaceSetup';

export const NOW = Date.UTC(2026, 10, 26, 10, 0);
export const HOUR = 3_600_000;
export const DIGEST = '8f3ad07c5b1e4f2296a1c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f6a7c1';
export const QUIET = { waiting: 0, will_be_refused: false, attention: 0, why: '', made_by: '' };

export const ANNA: PersonView = {
  id: 'p1',
  name: 'Anna Lindqvist',
  user: 'anna',
  roles: ['release_manager'],
  active: true,
};
export const BEN: PersonView = {
  id: 'p2',
  name: 'Ben Okafor',
  user: 'ben',
  roles: ['approver', 'change_manager'],
  active: true,
};
export const named = ({ id, name }: PersonView) => ({ id, label: name });

export function a_finding(code: string, sentence: string, way_out: string): Finding {
  return { code, record: null, sentence, way_out, data: {} };
}

export function an_action(action: string, title: string, more: Partial<ActionState> = {}): ActionState {
  const findings = more.findings ?? [];
  return { action, title, allowed: findings.length === 0, findings, needs_reason: false, confirm: false, ...more };
}

export function a_row(kind: Kind, label: string, title: string, more: Partial<ListRow> = {}): ListRow {
  const place =
    { release: 'releases', change: 'changes', ci: 'cmdb', dsl_item: 'dsl', dhs_unit: 'dhs' }[kind as 'release'] ??
    'cmdb';
  return {
    id: label,
    kind,
    label,
    title,
    state: 'open',
    hue: 'info',
    cells: { number: label },
    sync: QUIET,
    path: `/${place}/${label}`,
    ...more,
  };
}

export const VOTE_MISSING = a_finding(
  'APPROVAL_MISSING',
  'Plan and design is not approved: 1 vote is missing.',
  'Ask CAB Network for it.',
);
export const PLAN_EMPTY = a_finding('PLAN_EMPTY', 'The back-out plan is empty.', 'Add a step under Plans.');

export function an_approval(more: Partial<ApprovalView> = {}): ApprovalView {
  return {
    id: 'a1',
    subject: {
      kind: 'release',
      id: 'r1',
      number: 'REL-000123',
      title: 'Core switch refresh',
      path: '/releases/REL-000123',
    },
    gate: 'plan_and_design',
    gate_label: 'Plan and design',
    state: 'pending',
    pill: { label: 'pending', hue: 'pending' },
    rule: { quorum: 2 },
    rule_label: '2 of CAB Network',
    digest: DIGEST,
    outdated: false,
    requested_by: named(ANNA),
    requested_at: NOW - 20 * HOUR,
    due_at: NOW + 4 * HOUR,
    overdue: false,
    panels: [
      {
        group: { id: 'g1', label: 'CAB Network' },
        members: [
          {
            person: named(ANNA),
            me: false,
            vote: {
              by: named(ANNA),
              at: NOW - HOUR,
              decision: 'approve',
              label: 'approved',
              hue: 'ok',
              note: 'Checked the racks',
              retracted: null,
            },
            retracted: [],
          },
          { person: named(BEN), me: true, vote: null, retracted: [] },
        ],
      },
    ],
    approvals_given: 1,
    overridden: null,
    ended_because: '',
    actions: [
      an_action('approve', 'Approve', { confirm: true }),
      an_action('deny', 'Deny', { confirm: true, needs_reason: true }),
    ],
    vote_for: [null],
    sync: QUIET,
    ...more,
  } as ApprovalView;
}

export function a_task(number: string, title: string, more: Partial<TaskLine> = {}): TaskLine {
  return {
    id: `t-${number}`,
    release: 'r1',
    number,
    title,
    phase: 'plan_and_design',
    mandatory: true,
    state: 'planned',
    pill: { label: 'ready', hue: 'info' },
    ready: true,
    assignee: { person: BEN.id },
    assignee_label: BEN.name,
    predecessors: [],
    planned_start: null,
    planned_minutes: 60,
    rehearsed_minutes: null,
    started_at: null,
    ended_at: null,
    notes: '',
    result: null,
    actions: [
      an_action('start', 'Start'),
      an_action('done', 'Done'),
      an_action('block', 'Block', { needs_reason: true }),
    ],
    sync: QUIET,
    ...more,
  };
}

export function a_release_page(): ReleasePage {
  const window = { start: NOW + 60 * HOUR, end: NOW + 64 * HOUR };
  return {
    release: {
      id: 'r1',
      number: 'REL-000123',
      title: 'Core switch refresh',
      description: 'Replace both core switches of DC1 by the new model.',
      release_type: 'hardware',
      class: 'major',
      packaging: 'full',
      reason: 'End of support in March.',
      impact: 'site_department',
      urgency: 'high',
      impact_assessment: 'medium',
      assessment_note: 'Carries all of DC1.',
      priority: 'high',
      risk: 'high',
      manager: ANNA.id,
      coordinator: BEN.id,
      requested_by: ANNA.id,
      scope: {
        changes: ['CHG-004411'],
        cis: ['SW-CORE-1'],
        ci_groups: [],
        services: ['Payroll'],
        components: [{ dhs_unit: 'UNI-002211' }],
        targets: [{ name: 'DC1 B R12', site: null }],
        build_window: null,
        rollout_window: window,
        plans: {
          rollout: [
            { text: 'Rack the new switch', owner: BEN.id, minutes: 90 },
            { text: 'Move the uplinks', owner: null, minutes: 45 },
          ],
        },
        ci_plan: [],
      },
      costs: { estimated: 42_000, actual: null },
      training: 'skipped',
      phase: 'plan_and_design',
      status: 'approval_pending',
      phase_history: [],
      judgements: {},
      go_no_go: null,
      verified_masters: {},
      install: null,
      outcomes: {},
      review: '',
      back_out: null,
      task_count: 3,
      created_at: NOW - 300 * HOUR,
    },
    path: '/releases/REL-000123',
    pill: { label: 'approval pending', hue: 'pending' },
    names: { [ANNA.id]: ANNA.name, [BEN.id]: BEN.name },
    rail: [
      { phase: 'assess', label: 'Assess', state: 'done', entered_at: NOW - 300 * HOUR, open_gates: [] },
      {
        phase: 'plan_and_design',
        label: 'Plan and design',
        state: 'blocked',
        entered_at: NOW - 200 * HOUR,
        open_gates: [VOTE_MISSING, PLAN_EMPTY],
      },
      { phase: 'build_and_test', label: 'Build and test', state: 'ahead', entered_at: null, open_gates: [] },
      { phase: 'training', label: 'Training', state: 'skipped', entered_at: null, open_gates: [] },
      {
        phase: 'distribution_and_rollout',
        label: 'Distribution and rollout',
        state: 'ahead',
        entered_at: null,
        open_gates: [],
      },
      { phase: 'verification', label: 'Verification', state: 'ahead', entered_at: null, open_gates: [] },
    ],
    actions: [
      an_action('advance', 'Advance to Build and test', { findings: [VOTE_MISSING, PLAN_EMPTY] }),
      an_action('request_approval', 'Request approval'),
      an_action('edit', 'Edit'),
      an_action('attach_change', 'Attach a change'),
      an_action('add_task', 'Add a task'),
      an_action('attest', 'Attest a criterion'),
      an_action('waive_criterion', 'Waive a criterion', { needs_reason: true }),
      an_action('send_back', 'Send back', { needs_reason: true, confirm: true }),
      an_action('back_out', 'Back out', {
        needs_reason: true,
        confirm: true,
        findings: [a_finding('NOT_INSTALLED', 'REL-000123 is not installed.', 'Terminate it instead.')],
      }),
      an_action('terminate', 'Terminate', { needs_reason: true, confirm: true }),
    ],
    changes: [a_row('change', 'CHG-004411', 'Uplink card', { state: 'approved', hue: 'ok' })],
    cis: [a_row('ci', 'SW-CORE-1', 'switch', { state: 'in use', hue: 'ok' })],
    ci_count: 1,
    ci_groups: [{ id: 'cg1', label: 'DC1 core' }],
    services: [a_row('ci', 'Payroll', 'service', { state: 'in use', hue: 'ok' })],
    components: [
      {
        component: { dhs_unit: 'UNI-002211' },
        label: 'Cisco C9500-40X FCW2233L0QX',
        pill: { label: 'reserved for this release', hue: 'ok' },
        verified_at: null,
        path: '/dhs/UNI-002211',
      },
    ],
    tasks: [
      a_task('T01', 'Scope and content', {
        state: 'done',
        pill: { label: 'done', hue: 'ok' },
        ready: false,
        actions: [an_action('reopen', 'Reopen')],
      }),
      a_task('T02', 'Rollout plan', { predecessors: [{ id: 't-T01', label: 'T01' }] }),
      a_task('T03', 'Site survey', { sync: { ...QUIET, waiting: 1 }, mandatory: false }),
    ],
    tests: [],
    approvals: [an_approval()],
    readiness: [
      {
        code: 'tests_passed',
        family: 'quality',
        title: 'All tests passed',
        computed: true,
        state: 'not_applicable',
        why: 'Not in Build and test yet.',
        way_out: '',
        place: 'tasks',
      },
      {
        code: 'components_ready',
        family: 'package',
        title: 'All components reserved in the DHS',
        computed: true,
        state: 'met',
        why: '1 of 1 reserved.',
        way_out: '',
        place: 'scope',
      },
      {
        code: 'back_out_plan',
        family: 'rollout_and_back_out',
        title: 'Back-out plan is complete',
        computed: true,
        state: 'not_met',
        why: 'The plan has no step.',
        way_out: 'Add one step with an owner.',
        place: 'plans',
      },
      {
        code: 'spares',
        family: 'risk',
        title: 'Spare on site',
        computed: false,
        state: 'not_met',
        why: 'Nobody has attested it.',
        way_out: 'Attest it with the shelf.',
        place: 'readiness',
      },
    ],
    ci_plan: [
      {
        index: 0,
        what: 'set_fields',
        ci: { id: 'c1', label: 'SW-CORE-1' },
        path: '/cmdb/SW-CORE-1',
        field: 'model',
        before: 'C6509',
        after: 'C9500-40X',
        now: 'C6509',
        as_expected: true,
      },
    ],
    rollout_window: { window, open: false, past: false },
    history: [
      {
        at: NOW - 20 * HOUR,
        by: named(ANNA),
        what: 'asked for approval',
        note: '',
        result: 'waiting for sync',
        hue: 'pending',
      },
      {
        at: NOW - 200 * HOUR,
        by: named(ANNA),
        what: 'advanced to Plan and design',
        note: '',
        result: '',
        hue: 'neutral',
      },
    ],
    comments: [{ id: 'm1', by: named(BEN), at: NOW - 5 * HOUR, text: 'Rack R12 has room for both.' }],
    digest: DIGEST,
    exceptions: [],
    sync: { waiting: 2, will_be_refused: false, attention: 0, why: '', made_by: '' },
  };
}

/** A unit that was moved although it counts as disposed of. */
export function an_exception(): ExceptionView {
  const action = (code: string, title: string) => ({
    action: code,
    title,
    allowed: true,
    findings: [],
    needs_reason: true,
    confirm: true,
  });
  return {
    id: 'e1',
    title: 'transfer a unit: UNI-000012',
    on: { kind: 'dhs_unit', id: 'u12', label: 'UNI-000012' },
    path: '/dhs/UNI-000012',
    release: null,
    pill: { label: 'to decide', hue: 'warn' },
    by: named(BEN),
    at: NOW - 4 * HOUR,
    entered: [{ pointer: '/dhs/transfer/to/store', label: 'store', value: 'Spares A', editable: true }],
    findings: [
      a_finding('UNIT_STATE', 'UNI-000012 is disposed; transfer does not apply.', 'It applies to a unit in store.'),
    ],
    actions: [action('accept', 'Accept'), action('back_out', 'It was backed out')],
    decision: null,
    sync: QUIET,
  };
}

export function an_inbox(): Inbox {
  return {
    withdrawn: [],
    approvals: [
      {
        approval: an_approval({ overdue: true, due_at: NOW - 2 * HOUR }),
        due: 'overdue',
        seen_at: NOW - 30 * HOUR,
        since_seen: [
          { part: 'rollout window', was: 'Sat 22:00–02:00', is: 'Sun 22:00–03:00' },
          { part: 'change', was: '', is: 'CHG-004411 Uplink card' },
        ],
        readiness_met: 1,
        readiness_all: 3,
        readiness_open: ['Back-out plan is complete', 'Spare on site'],
      },
      {
        approval: an_approval({
          id: 'a2',
          subject: {
            kind: 'change',
            id: 'c2',
            number: 'CHG-004410',
            title: 'Patch DB cluster',
            path: '/changes/CHG-004410',
          },
          gate: 'change',
          gate_label: 'Change',
          digest: null,
        }),
        due: 'today',
        seen_at: null,
        since_seen: [],
        readiness_met: 0,
        readiness_all: 0,
        readiness_open: [],
      },
    ],
    tasks: [
      {
        task: a_task('T02', 'Rollout plan'),
        release_number: 'REL-000123',
        release_title: 'Core switch refresh',
        path: '/releases/REL-000123/tasks',
      },
    ],
    attention: [
      {
        id: 'x1',
        title: 'Approve REL-000119',
        record: { kind: 'release', id: 'r9', label: 'REL-000119' },
        path: '/releases/REL-000119',
        made_at: NOW - 3 * HOUR,
        outcome: 'refused',
        outcome_label: 'refused',
        hue: 'bad',
        findings: [
          a_finding(
            'SCOPE_CHANGED',
            'The scope of REL-000119 changed after you looked.',
            'Compare, then approve the new scope.',
          ),
        ],
        depends_on: null,
        settled: null,
      },
    ],
    exceptions: [an_exception()],
    alerts: [],
    counts: { approvals: 2, overdue: 1, tasks: 1, ready: 1, attention: 1, exceptions: 1, alerts: 0, withdrawn: 0 },
  };
}

export function a_board(): Board {
  const page = a_release_page();
  return {
    columns: page.rail.map(({ phase, label }) => ({
      phase,
      label,
      cards:
        phase === 'plan_and_design'
          ? [
              {
                id: 'r1',
                number: 'REL-000123',
                title: page.release.title,
                release_type: 'hardware',
                class: 'major',
                rollout_window: page.rollout_window,
                manager: named(ANNA),
                condition: { label: '2 gates are open', hue: 'bad' },
                advance: page.actions[0] ?? null,
                tasks_done: 1,
                tasks_all: 3,
                path: page.path,
                sync: QUIET,
              },
            ]
          : [],
    })),
    truncated: false,
  };
}

export function a_change_page(): ChangePage {
  return {
    change: {
      id: 'c1',
      number: 'CHG-004411',
      foreign: null,
      title: 'Uplink card',
      description: 'Add a 100G uplink card.',
      category: 'network',
      kind: 'normal',
      reason: 'Backups run into the day.',
      requested_by: ANNA.id,
      coordinator: BEN.id,
      impact: 'multiple_users',
      urgency: 'average',
      priority: 'average',
      risk: 'medium',
      cis: ['SW-CORE-1'],
      ci_groups: [],
      services: [],
      planned: { start: NOW + 60 * HOUR, end: NOW + 62 * HOUR },
      versions: null,
      release: 'r1',
      state: 'approved',
      outcome: null,
      state_reason: '',
      created_at: NOW - 100 * HOUR,
    },
    path: '/changes/CHG-004411',
    pill: { label: 'approved', hue: 'ok' },
    names: { [ANNA.id]: ANNA.name, [BEN.id]: BEN.name },
    read_only: false,
    actions: [
      an_action('implement', 'Record as implemented'),
      an_action('withdraw_approval', 'Withdraw approval', { needs_reason: true, confirm: true }),
    ],
    cis: [a_row('ci', 'SW-CORE-1', 'switch', { state: 'in use', hue: 'ok' })],
    ci_count: 1,
    services: [],
    release: a_row('release', 'REL-000123', 'Core switch refresh'),
    planned: { window: { start: NOW + 60 * HOUR, end: NOW + 62 * HOUR }, open: false, past: false },
    approvals: [],
    comments: [],
    sync: QUIET,
  };
}

export const ME: ReadyState = {
  person: BEN,
  workspace: 'Northwind',
  server: 'https://slipway.example:8443',
  device: 'LAPTOP-B',
  passphrase: false,
  provider: null,
};

export const SYNC: SyncStatus = {
  server: ME.server,
  online: false,
  running: false,
  offline_since: NOW - HOUR,
  last_sync_at: NOW - HOUR,
  waiting: 14,
  attention: 1,
  sentence: null,
  way_out: null,
  sign_in_needed: false,
  locked: false,
  alarms: [],
};

export const SETTINGS: Settings = {
  theme: 'system',
  density: 'compact',
  single_letter_keys: true,
  notifications: {
    approval_pending: 'system',
    approval_decided: 'inbox',
    task_ready: 'inbox',
    refused: 'system',
    exception: 'system',
    master_withdrawn: 'system',
  },
};

export const SETUP: WorkspaceSetup = {
  sites: [{ id: 's1', name: 'DC1', address: '1 Harbour Road' }],
  task_templates: [],
  approval_policies: [
    { id: 'ap1', gate: 'plan_and_design', class: null, groups: ['g1'], rule: { quorum: 2 }, due_hours: 24 },
  ],
  rules: { id: 'wr', separation_of_duties: true, back_out_days: 30 },
  freezes: [
    { id: 'f1', title: 'Year end', window: { start: NOW + 500 * HOUR, end: NOW + 900 * HOUR }, scope: 'everything' },
  ],
  delegations: [],
};
