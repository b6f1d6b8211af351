/** What the tabs of a release's page ask of the application. */
import type { ActionState } from '../../bindings/ActionState';
import type { PersonView } from '../../bindings/PersonView';
import type { ReleaseActRequest } from '../../bindings/ReleaseActRequest';
import type { ReleaseEdit } from '../../bindings/ReleaseEdit';
import type { ReleasePage } from '../../bindings/ReleasePage';
import type { WindowParts } from '../../lib/context';
import { options, type FormField, type Values } from '../../lib/form/form';
import { EARLIER_PHASES } from '../../lib/form/levels';
import { act, REASON, REMARK } from '../../lib/record/act';
import { find, whyNot } from '../../lib/record/actions';

/** What each action asks for beside a plain reason. */
const FIELDS: Record<string, FormField[]> = {
  go: [REMARK],
  no_go: [{ ...REMARK, needed: true }],
  send_back: [{ name: 'to', label: 'To', type: 'select', options: options(EARLIER_PHASES), needed: true }, REASON],
  record_install: [
    {
      name: 'window_override',
      label: 'Why outside the rollout window',
      type: 'area',
      hint: 'Only where it is outside of it.',
    },
    {
      name: 'freeze_override',
      label: 'Why during a freeze',
      type: 'area',
      hint: 'Only where one covers a service of it.',
    },
  ],
  record_test: [
    { name: 'title', label: 'What was tested', type: 'text', needed: true },
    { name: 'result', label: 'Result', type: 'select', options: options(['passed', 'failed']), needed: true },
    { name: 'note', label: 'Evidence', type: 'area' },
  ],
  write_review: [{ name: 'note', label: 'Review', type: 'area', needed: true }],
};

const NOTES: Record<string, string> = {
  hold: 'Nothing more is begun until the rollout goes on; what is being done is brought to an end.',
  record_install: 'The CI update plan is applied to the CMDB in the same step; every CI it touches is kept as it was.',
  back_out:
    'The release goes into Back out: its fields of the CMDB go back as they were, others’ later edits are shown to decide.',
  terminate:
    'Open tasks are cancelled, approvals withdrawn, reservations freed and the changes detached. This ends the release.',
  send_back: 'Approvals of that phase and later are voided; tasks of later phases are open again.',
};

/** What belongs to a line of a tab; the bar on top has the ways forward and out. */
const IN_TABS = new Set([
  'edit',
  'attach_change',
  'detach_change',
  'verify_master',
  'record_outcome',
  'record_test',
  'waive_test',
  'write_review',
  'attest',
  'waive_criterion',
  'clear_criterion',
  'decide_conflict',
  'add_task',
  'plan_runbook',
  'hold',
  'resume',
  'ask_training',
  'no_training',
]);

/** Allowed with a reason that only the sheet asks for. */
const TRIES = new Set(['record_install']);

export class ReleaseDesk {
  constructor(
    readonly parts: WindowParts,
    private readonly current: () => ReleasePage,
    private readonly everybody: () => PersonView[],
  ) {}

  get page(): ReleasePage {
    return this.current();
  }

  get number(): string {
    return this.page.release.number;
  }

  get people(): PersonView[] {
    return this.everybody();
  }

  name(id: string | null | undefined): string {
    if (id === null || id === undefined) return '';
    return this.page.names[id] ?? this.people.find((person) => person.id === id)?.name ?? id;
  }

  ask(action: string, more: Partial<ReleaseActRequest> = {}): Promise<unknown> {
    return this.parts.backend.call('releases.act', { release: this.page.release.id, action, ...more });
  }

  edit(...edits: ReleaseEdit[]): Promise<unknown> {
    if (edits.length === 0) return Promise.resolve();
    return this.parts.backend.call('issue', { command: { release: [this.page.release.id, { edit: edits }] } });
  }

  /** What stands on top of the page. */
  get moves(): ActionState[] {
    return this.page.actions.filter(({ action }) => !IN_TABS.has(action));
  }

  /** Whether it makes sense now at all. */
  offers(code: string): boolean {
    return find(this.page.actions, code) !== undefined;
  }

  /** Why something is not allowed now. */
  why(code: string): string | undefined {
    return whyNot(find(this.page.actions, code));
  }

  /** The action of the page, or one that the page does not list: the application then judges it when it is asked. */
  action(code: string, title: string): ActionState {
    const known = find(this.page.actions, code);
    return known ?? { action: code, title, allowed: true, findings: [], needs_reason: false, confirm: false };
  }

  act(action: ActionState): void {
    const code = action.action.replaceAll('-', '_');
    const values: Values = code === 'write_review' ? { note: this.page.release.review } : {};
    act(this.parts, {
      number: this.number,
      action,
      fields: FIELDS[code],
      values,
      note: NOTES[code],
      danger: code === 'terminate' || code === 'back_out',
      tries: TRIES.has(code),
      call: (given) => this.ask(action.action, given),
    });
  }

  /** Does something small at once. */
  perform(title: string, code: string, more: Partial<ReleaseActRequest>): void {
    void this.parts.sheets.perform(`${this.number}: ${title}`, () => this.ask(code, more));
  }

  /** Asks for one thing and does something with it. */
  sheet(
    title: string,
    fields: FormField[],
    submit: (values: Values) => Promise<unknown>,
    values: Values = {},
    note?: string,
  ): void {
    this.parts.sheets.open({ title: `${this.number}: ${title}`, note, fields, values, confirm: title, submit });
  }
}

/** Edits for what differs between the values before and after; both by the names of the edits. */
export function differences(before: Values, after: Values): ReleaseEdit[] {
  return Object.keys(after)
    .filter((name) => JSON.stringify(before[name] ?? null) !== JSON.stringify(after[name] ?? null))
    .map((name) => {
      const from = before[name] ?? null;
      const to = after[name] ?? (typeof from === 'string' && TEXTS.has(name) ? '' : null);
      return { [name]: { from, to } } as unknown as ReleaseEdit;
    });
}

/** Texts are empty rather than absent. */
const TEXTS = new Set(['title', 'description', 'reason', 'assessment_note']);
