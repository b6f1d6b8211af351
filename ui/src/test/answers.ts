/** The answers of the workspace in memory to every question that a screen asks. */
import type { CiCompliance } from '../bindings/CiCompliance';
import type { ReportEntry } from '../bindings/ReportEntry';
import type { ReportPage } from '../bindings/ReportPage';
import type { StandardRow } from '../bindings/StandardRow';
import type { Kind } from '../bindings/Kind';
import type { ListRow } from '../bindings/ListRow';
import type { Settings } from '../bindings/Settings';
import { a_calendar, a_move, a_slot } from './calendar';
import { CARRY } from './carry';
import { a_class_tree, a_form, a_history } from './classes';
import { DEVICES } from './devices';
import { ACCURACY, an_observation_page, RULES } from './reconcile';
import { testBackend, type Answers, type TestBackend } from './backend';
import { a_ci_page, a_dsl_page, a_unit_page } from './kept';
import {
  a_board,
  a_change_page,
  a_release_page,
  a_row,
  an_inbox,
  ANNA,
  BEN,
  HOUR,
  ME,
  NOW,
  SETTINGS,
  SETUP,
  SYNC,
} from './world';

const STATES = [
  ['approval pending', 'pending'],
  ['open', 'info'],
  ['approved', 'ok'],
  ['denied', 'bad'],
  ['in use', 'ok'],
] as const;

/** A row of a list with the columns that the store gives. */
export function numbered(kind: Kind, id: string): ListRow {
  const at = Number(id.split('-')[1]);
  const [state, hue] = STATES[at % STATES.length] ?? STATES[0];
  const number = `${{ release: 'REL', change: 'CHG', ci: 'CI', dsl_item: 'DSL', dhs_unit: 'UNI' }[kind as 'release'] ?? 'CI'}-${String(at).padStart(6, '0')}`;
  return a_row(kind, kind === 'ci' ? `srv-${at}` : number, `Payroll server, part ${at}`, {
    id,
    state,
    hue,
    sync: { waiting: at % 7 === 0 ? 1 : 0, will_be_refused: false, attention: 0, why: '', made_by: '' },
    cells: {
      number,
      name: `Payroll server ${at}`,
      phase: 'Plan and design',
      type: 'software',
      kind: 'normal',
      risk: 'medium',
      class: 'server',
      environment: 'production',
      version: `9.${at}`,
      model: 'Cisco C9500-40X',
      serial_number: `FCW22${at}`,
      condition: 'new',
      bin: 'DC1 › A › 04',
      location: 'DC1 › R12',
      start_at: NOW + at * HOUR,
      submitted_at: NOW - at * HOUR,
      owner: ANNA.name,
      coordinator: BEN.name,
      checks: 4,
      checks_passed: at % 5,
    },
  });
}

const COUNTS: Partial<Record<Kind, number>> = { release: 40, change: 312, ci: 1_000_000, dsl_item: 60, dhs_unit: 90 };

const DONE = {
  effect: { conflicts: [], created: 0, updated: 1, unchanged: 0 },
  changes: { kinds: [], ids: [] },
  record: null,
};

const side = (field: string, seen: string, mine: string, theirs: string) => ({
  field,
  label: field,
  seen,
  mine,
  theirs,
  choice: true,
  kept: null,
});

export function answers(): Answers {
  return {
    'app.state': () => ({ state: 'ready', ...ME }),
    'sync.status': () => SYNC,
    'sync.now': () => ({ ...SYNC, online: true, waiting: 0 }),
    'settings.get': () => SETTINGS,
    'settings.set': ({ settings }: { settings: Settings }) => settings,
    'setup.get': () => SETUP,
    'people.list': () => ({ people: [ANNA, BEN], may_set_passwords: true }),
    'devices.list': () => ({ devices: DEVICES }),
    'carry.status': () => CARRY,
    'groups.list': () => ({ groups: [{ id: 'g1', name: 'CAB Network', members: [ANNA, BEN], lead: ANNA.id }] }),
    'sites.list': () => ({ sites: SETUP.sites }),
    'inbox.get': an_inbox,
    'inbox.seen': () => null,
    'attention.get': () => ({
      item: an_inbox().attention[0],
      command: 'none',
      entered: [
        { pointer: '/release/1/edit/0/title/to', label: 'title', value: 'Core switches', editable: true },
        { pointer: '/release/1/edit/1/reason/to', label: 'reason', value: 'End of life', editable: true },
      ],
      sides: [
        side('title', 'Core switch refresh', 'Core switches', 'Core and edge switches'),
        side('reason', '', 'End of life', 'Out of support'),
      ],
      conflicts: [],
      would_refuse: [],
      meanwhile: [
        {
          at: Date.now(),
          by: { id: 'p2', label: 'Ben Ito' },
          what: 'scope edited',
          note: 'target + DC1',
          result: '',
          hue: 'info',
        },
      ],
      dependants: [],
    }),
    'lists.open': ({ kind, filter }: { kind: Kind; filter?: string }) => {
      const total = filter ? 3 : (COUNTS[kind] ?? 0);
      return {
        ids: Array.from({ length: total }, (_, at) => `${kind}-${at + 1}`),
        total,
        list: null,
        is_ordered: false,
        unknown: [],
        error: null,
        looked_at: null,
      };
    },
    'lists.suggest': ({ cursor }: { cursor: number }) => ({ from: 0, to: cursor, suggestions: [], error: null }),
    'lists.rows': ({ kind, ids }: { kind: Kind; ids: string[] }) => ({ rows: ids.map((id) => numbered(kind, id)) }),
    'search.records': ({ text }: { text: string }) => ({
      hits: text.includes('zzz') ? [] : [numbered('release', 'release-12'), numbered('ci', 'ci-7')],
    }),
    'releases.get': a_release_page,
    'releases.board': a_board,
    'releases.propose_ci_plan': () => ({
      rows: a_release_page().ci_plan,
      updates: [],
      notes: ['CHG-004411 names no versions.'],
    }),
    'changes.get': a_change_page,
    'cmdb.get': a_ci_page,
    'cmdb.form': a_form,
    'cmdb.history': a_history,
    'cmdb.tree': () => ({ nodes: [], next: null }),
    'classes.list': a_class_tree,
    'classes.preview': () => ({ findings: [], checked: 4, all_checked: true, misfits: 0, first: [] }),
    'classes.misfits': () => ({ misfits: [], looked_at: 4, next: null }),
    'classes.put': () => DONE,
    'cmdb.impact': () => ({
      lines: [
        { ci: numbered('ci', 'ci-3'), service: true, depth: 2, path: 'Payroll runs on esx-14 connects to sw-core-1' },
        { ci: numbered('ci', 'ci-4'), service: false, depth: 1, path: 'esx-14 connects to sw-core-1' },
      ],
      reached: 2,
      services: 1,
      spared: [{ of: { group: 'g' }, name: 'Cluster A', down: 1, members: 3, enough: 2 }],
      cut_off: false,
    }),
    'plans.collisions': () => ({ planned: false, lines: [] }),
    'changes.weigh': () => ({ risk: 'low', reached: 0, more: false, service_count: 0, services: [] }),
    'releases.also_affected': () => ({ lines: [], total: 0, spared: [] }),
    'cmdb.impact_path': () => ({
      text: 'Payroll runs on esx-14 connects to sw-core-1',
      steps: [
        { ci: { id: 'a', label: 'Payroll' }, reads: 'runs on', to: { id: 'b', label: 'esx-14' }, fallen: null },
        { ci: { id: 'b', label: 'esx-14' }, reads: 'connects to', to: { id: 'c', label: 'sw-core-1' }, fallen: null },
      ],
    }),
    'cmdb.neighbours': () => ({
      nodes: [
        { ci: numbered('ci', 'ci-7'), service: false, depth: 0, row: 0 },
        { ci: numbered('ci', 'ci-3'), service: true, depth: 1, row: 0 },
      ],
      links: [{ source: 1, target: 0, reads: 'depends on' }],
      spared: [],
      cut_off: false,
    }),
    'redundancy.list': () => ({ rules: [], providers: [numbered('ci', 'ci-3'), numbered('ci', 'ci-4')] }),
    'photos.list': () => ({ photos: [], limit: 40, against_adding: null }),
    'cmdb.alike': () => ({ cis: [] }),
    'cmdb.at': ({ at }: { at: number }) => ({
      at,
      ci: a_ci_page().ci,
      fields: [{ field: 'version', value: '9.3' }],
      relations: ['runs on esx-14'],
      differences: [{ field: 'version', was: '9.3', is: '9.4' }],
      relation_differences: [{ words: 'depends on db-1', added: true }],
      note: '',
    }),
    'baselines.list': () => ({
      baselines: ['b1', 'b2'].map((id, at) => ({
        id,
        name: at === 0 ? 'Payroll before the move' : 'REL-000123 before install',
        at: NOW - at * HOUR,
        by: { id: ANNA.id, label: ANNA.name },
        of: at === 0 ? 'service Payroll' : 'what an install touches',
        members: 3,
        install: at === 1,
        sync: { waiting: 0, will_be_refused: false, attention: 0, why: '' },
      })),
      total: 2,
    }),
    'baselines.compare': ({ second }: { second?: string }) => ({
      first: { id: 'b1', name: 'Payroll before the move', at: NOW },
      second: second ? { id: second, name: 'REL-000123 before install', at: NOW } : { id: null, name: 'now', at: null },
      cis: [
        {
          ci: { id: 'ci-7', label: 'srv-7' },
          class: 'server',
          path: '/cmdb/CI-000007',
          became: 'changed',
          fields: [{ field: 'version', was: '9.3', is: '9.4' }],
          relations: [{ words: 'depends on db-1', added: true }],
        },
      ],
      added: 0,
      removed: 0,
      changed: 1,
      unchanged: 2,
      cut_off: false,
    }),
    'baselines.restore': () => ({ plan: { rows: [], updates: [], notes: [] }, release: null }),
    'calendar.get': a_calendar,
    'calendar.consider': a_move,
    'calendar.next_slot': a_slot,
    'calendar.move': () => DONE,
    'calendar.save': ({ path }: { path: string }) => ({ path, events: 4 }),
    'reports.list': () => ({
      reports: [OUTCOMES, { ...OUTCOMES, code: 'dhs', name: 'dhs', title: 'Stock of the DHS', of_releases: false }],
    }),
    'reports.get': () => a_report(),
    'reports.records': () => ({
      lines: [{ row: numbered('release', 'rel-7'), at: NOW, group: 'Verified', value: 1 }],
      unit: 'count',
      next: null,
    }),
    'standards.list': () => ({ standards: [a_standard()] }),
    'standards.get': () => ({
      row: a_standard(),
      values: [{ field: 'version', title: 'version', value: '12.4', shown: '12.4' }],
      attached: 2,
      authorised: { by: { id: ANNA.id, label: ANNA.name }, at: NOW, reason: '' },
      retired: null,
    }),
    'standards.compliance': () => ({ cis: [a_deviation()], looked_at: 2, out: 1, next: null }),
    'standards.of_ci': () => ({ compliance: a_deviation() }),
    'duplicates.list': () => ({
      pairs: [
        {
          id: 'd1',
          first: numbered('ci', 'ci-7'),
          second: numbered('ci', 'ci-8'),
          signs: ['serial number'],
          at: NOW,
          differences: [{ field: 'version', was: '', is: '9.8' }],
        },
      ],
      total: 1,
    }),
    'duplicates.act': () => DONE,
    'observations.get': ({ observation }: { observation: string }) =>
      an_observation_page(numbered('observation', observation), numbered('ci', 'ci-7')),
    'observations.decide': ({ observations }: { observations: string[] }) => ({
      created: 0,
      decided: observations.length,
      unchanged: 0,
      refused: [],
    }),
    'observations.accuracy': () => ACCURACY,
    'observations.rules': () => RULES,
    'observations.put_rules': () => DONE,
    'dsl.get': a_dsl_page,
    'dhs.get': a_unit_page,
    'releases.act': () => ({
      effect: { conflicts: [], created: 0, updated: 1, unchanged: 0 },
      changes: { kinds: [], ids: [] },
      record: null,
    }),
    'approvals.act': () => ({
      effect: { conflicts: [], created: 0, updated: 1, unchanged: 0 },
      changes: { kinds: [], ids: [] },
      record: null,
    }),
    'tasks.act': () => ({
      effect: { conflicts: [], created: 0, updated: 1, unchanged: 0 },
      changes: { kinds: [], ids: [] },
      record: null,
    }),
    'attention.keep': () => DONE,
    'attention.send_again': () => DONE,
    'attention.discard': () => null,
    'exceptions.act': () => DONE,
    issue: () => ({
      effect: { conflicts: [], created: 0, updated: 1, unchanged: 0 },
      changes: { kinds: [], ids: [] },
      record: null,
    }),
  };
}

const OUTCOMES: ReportEntry = {
  name: 'outcomes',
  code: 'outcomes',
  title: 'Outcomes of releases',
  about: 'Releases closed in the period.',
  of_releases: true,
};

function a_report(): ReportPage {
  const period = { start: Date.UTC(2026, 9, 1), end: Date.UTC(2026, 11, 1) };
  const of = {
    measure: 'closed' as const,
    period,
    groups: [],
    kind_of: null as never,
    class: null as never,
    values: null as never,
  };
  const closed = { value: 8, of };
  const rate = { value: 750, of: null };
  return {
    entry: OUTCOMES,
    period,
    manager: null,
    service: null,
    empty: false,
    report: {
      name: 'outcomes',
      headlines: [
        { title: 'Closed', unit: 'count', figure: closed },
        { title: 'Success rate', unit: 'per_mille', figure: rate },
      ],
      head: 'Month',
      columns: [
        { title: 'Verified', unit: 'count', series: 0 },
        { title: 'Backed out', unit: 'count', series: 1 },
        { title: 'Success rate', unit: 'per_mille', series: null },
      ],
      lines: [
        { title: '2026-10', figures: [closed, { value: 2, of }, rate] },
        {
          title: '2026-11',
          figures: [
            { value: 0, of: null },
            { value: 0, of: null },
            { value: null, of: null },
          ],
        },
      ],
      chart: 'stacked',
    },
  };
}

function a_standard(): StandardRow {
  return {
    id: 's1',
    name: 'Web server 2026',
    about: '',
    class: 'server',
    class_name: 'Server',
    state: 'authorised',
    fields: 1,
  };
}

function a_deviation(): CiCompliance {
  return {
    ci: numbered('ci', 'ci-7'),
    standard: a_standard(),
    deviations: [{ field: 'version', title: 'version', authorised: '12.4', is: '12.3', excepted: null }],
    out: true,
  };
}

export function a_workspace(more: Answers = {}): TestBackend {
  return testBackend({ ...answers(), ...more });
}
