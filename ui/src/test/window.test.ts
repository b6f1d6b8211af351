/** The whole window on the workspace in memory: the gate, the places, the keys; axe on every screen. */
import { cleanup, render, screen, waitFor, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import App from '../App.svelte';
import { toasts } from '../lib/ui/toasts.svelte';
import { problems } from './axe';
import type { Answers, TestBackend } from './backend';
import { a_workspace } from './answers';
import { a_finding, SYNC } from './world';

let backend: TestBackend;

function open(path: string, more: Answers = {}): void {
  history.replaceState(null, '', path);
  backend = a_workspace(more);
  render(App, { props: { backend } });
}

const called = (name: string) => backend.calls.filter((call) => call.name === name).map(({ request }) => request);

beforeEach(() => localStorage.clear());
afterEach(() => {
  cleanup();
  toasts.list = [];
});

describe('the gate', () => {
  it('at first start offers to connect, and asks for the fingerprint when nobody has confirmed it', async () => {
    let tries = 0;
    open('/', {
      'app.state': () => ({ state: 'no_profile' }),
      'app.connect': () => {
        tries += 1;
        throw {
          kind: 'trouble',
          code: 'CERTIFICATE_NOT_CONFIRMED',
          sentence: 'Nobody has confirmed the certificate.',
          way_out: 'Compare its fingerprint.',
        };
      },
    });
    await userEvent.type(await screen.findByLabelText('Server address'), 'https://slipway.example:8443', { delay: 60 });
    await userEvent.type(screen.getByLabelText('Your name there'), 'ben', { delay: 60 });
    await userEvent.type(screen.getByLabelText('Password'), 'secret', { delay: 60 });
    await userEvent.click(screen.getByRole('button', { name: /^Connect Ctrl/ }));
    expect(await screen.findByText('Nobody has confirmed the certificate.')).toBeTruthy();
    const fingerprint = screen.getByLabelText('Fingerprint of its certificate');
    await userEvent.type(fingerprint, 'ab12', { delay: 60 });
    await userEvent.click(screen.getByRole('button', { name: /^Connect Ctrl/ }));
    await waitFor(() => expect(tries).toBe(2));
    expect(called('app.connect').at(-1)).toEqual({
      server: 'https://slipway.example:8443',
      user: 'ben',
      password: 'secret',
      fingerprint: 'ab12',
    });
    expect(await problems()).toEqual([]);
  });

  it('starts alone with a name, and with a passphrase where the keychain does not answer', async () => {
    let absent = true;
    open('/', {
      'app.state': () => ({ state: 'no_profile' }),
      'app.start_alone': () => {
        if (!absent) return { state: 'locked', reason: 'locked', sentence: 'Started.', way_out: '', passphrase: false };
        throw {
          kind: 'trouble',
          code: 'KEYCHAIN_ABSENT',
          sentence: 'There is no keychain.',
          way_out: 'Give a passphrase.',
        };
      },
    });
    await userEvent.click(await screen.findByRole('button', { name: 'Start alone' }));
    await userEvent.type(screen.getByLabelText('Your name'), 'Ben');
    await userEvent.click(screen.getByRole('button', { name: /^Start Ctrl/ }));
    await userEvent.type(await screen.findByLabelText('Passphrase'), 'long enough');
    await userEvent.type(screen.getByLabelText('Passphrase again'), 'long enough');
    absent = false;
    await userEvent.click(screen.getByRole('button', { name: /^Start Ctrl/ }));
    expect(await screen.findByText('Started.')).toBeTruthy();
    expect(called('app.start_alone').at(-1)).toEqual({
      name: 'Ben',
      workspace: "Ben's workspace",
      passphrase: 'long enough',
    });
  });

  it('shows why it is locked and opens by the passphrase', async () => {
    open('/', {
      'app.state': () => ({
        state: 'locked',
        reason: 'passphrase',
        sentence: 'It is protected.',
        way_out: 'Write it.',
        passphrase: true,
      }),
      'app.unlock': ({ passphrase }: { passphrase: string }) => {
        if (passphrase !== 'right')
          throw { kind: 'trouble', code: 'WRONG_PASSPHRASE', sentence: 'It is another one.', way_out: 'Try again.' };
        return a_workspace().answers['app.state']?.(null as never);
      },
    });
    const field = await screen.findByLabelText('Passphrase');
    await userEvent.type(field, 'wrong{Enter}');
    expect(await screen.findByText('It is another one.')).toBeTruthy();
    await userEvent.clear(field);
    await userEvent.type(field, 'right{Enter}');
    expect(await screen.findByRole('navigation', { name: 'Places' })).toBeTruthy();
  });
});

describe('other ways in, and the way out', () => {
  it('offers the provider that the server names, waits for the browser and can be given up', async () => {
    let reject: (reason: unknown) => void = () => undefined;
    open('/', {
      'app.state': () => ({ state: 'no_profile' }),
      'sign_in.methods': () => ({ password: true, provider: 'Northwind ID' }),
      'sign_in.begin': () => ({ url: 'https://id.example/auth', opened: true, code: null }),
      'sign_in.finish': () => new Promise((_, refuse) => (reject = refuse)),
      'sign_in.cancel': () => {
        reject({ kind: 'trouble', code: 'SIGN_IN_CANCELLED', sentence: 'It was cancelled.', way_out: 'Begin again.' });
        return null;
      },
    });
    await userEvent.type(await screen.findByLabelText('Server address'), 'https://slipway.example:8443');
    await userEvent.tab();
    await userEvent.click(await screen.findByRole('button', { name: 'Sign in with Northwind ID' }));
    expect(await screen.findByText('https://id.example/auth')).toBeTruthy();
    expect(await problems()).toEqual([]);
    await userEvent.click(screen.getByRole('button', { name: 'Cancel' }));
    expect(await screen.findByText('It was cancelled.')).toBeTruthy();
    expect(called('sign_in.begin')).toEqual([{ server: { server: 'https://slipway.example:8443' }, elsewhere: false }]);
  });

  it('locks when the server shut the device out, and says what became of the queue', async () => {
    let out = false;
    open('/inbox', {
      'app.state': () =>
        out
          ? {
              state: 'locked',
              reason: 'shut_out',
              sentence: 'This device was shut out of Northwind. 2 commands waited on it for the server; they are kept.',
              way_out: 'Ask an administrator to let it in again.',
              passphrase: false,
            }
          : a_workspace().answers['app.state']?.(null as never),
    });
    expect(await screen.findByRole('navigation', { name: 'Places' })).toBeTruthy();
    out = true;
    backend.emit('sync', { ...SYNC, locked: true });
    expect(await screen.findByRole('heading', { name: 'This device was shut out' })).toBeTruthy();
    expect(screen.getByText(/2 commands waited on it/)).toBeTruthy();
    expect(await problems()).toEqual([]);
  });

  it('shuts out a device after it was confirmed', async () => {
    open('/settings/devices', { 'devices.decide': () => ({ devices: [] }) });
    await userEvent.click(await screen.findByRole('button', { name: 'Shut out LAPTOP-B' }));
    expect(called('devices.decide')).toEqual([]);
    await userEvent.click(screen.getByRole('button', { name: /^Shut out(?! LAPTOP)/ }));
    await waitFor(() => expect(called('devices.decide')).toEqual([{ device: 'd1', allow: false }]));
  });
});

describe('an alarm about the audit log', () => {
  const alarm = {
    number: 2,
    stops: true,
    sentence: 'The server’s audit log has 120 entries; this laptop has seen 151. Entries were taken away.',
    way_out: 'Ask an administrator.',
    at: 1_700_000_000_000,
    seen_entries: 151,
    shown_entries: 120,
    seen: 'slipway/x\n151\nAAAA\n',
    shown: 'slipway/x\n120\nBBBB\n',
    proof: [],
    lifted: null,
  };

  it('stays in sight in every place and goes only with a reason', async () => {
    open('/inbox', { 'log.lift': () => ({ alarms: [] }), 'sync.now': () => SYNC });
    await screen.findByRole('navigation', { name: 'Places' });
    backend.emit('sync', { ...SYNC, alarms: [alarm] });
    const shown = await screen.findByRole('region', { name: 'Alarm about the audit log' });
    expect(within(shown).getByText(/Entries were taken away/)).toBeTruthy();
    expect(await problems()).toEqual([]);
    await userEvent.click(screen.getByRole('link', { name: /Releases/ }));
    expect(screen.getByRole('region', { name: 'Alarm about the audit log' })).toBeTruthy();
    await userEvent.keyboard('{Escape}');
    expect(within(shown).getAllByRole('button')).toHaveLength(1);
    await userEvent.click(screen.getByRole('button', { name: 'Accept with a reason…' }));
    await userEvent.click(await screen.findByRole('button', { name: /^Accept this log/ }));
    expect(called('log.lift')).toEqual([]);
    await userEvent.type(screen.getByLabelText(/What you were told/), 'The disk failed, says Tom.');
    await userEvent.click(screen.getByRole('button', { name: /^Accept this log/ }));
    await waitFor(() => expect(called('log.lift')).toEqual([{ number: 2, reason: 'The disk failed, says Tom.' }]));
    await waitFor(() => expect(screen.queryByRole('region', { name: 'Alarm about the audit log' })).toBeNull());
  });
});

describe('the proof of a record', () => {
  it('is asked for, shown with each entry, and copied', async () => {
    const user = userEvent.setup();
    const entry = { index: 7, proved: true, what: 'edit a CI', by: 'Ann', at: 1_700_000_000_000, verdict: 'applied' };
    const sealed = { index: 3, proved: false, what: null, by: null, at: null, verdict: null };
    const proof = {
      label: 'CI-0091822',
      size: 151,
      checkpoint: 'slipway/x',
      whole: false,
      more: false,
      proof: '{"a":1}',
    };
    open('/cmdb/CI-0091822/history', { 'log.prove': () => ({ ...proof, entries: [entry, sealed] }) });
    await user.click(await screen.findByRole('button', { name: 'Verify in the audit log' }));
    expect(await screen.findByText('Not what was logged')).toBeTruthy();
    expect(screen.getByText('edit a CI · applied')).toBeTruthy();
    expect(screen.getByText('NOT in the log as shown')).toBeTruthy();
    await user.click(screen.getByRole('button', { name: 'Copy proof' }));
    expect(await navigator.clipboard.readText()).toBe('{"a":1}');
    expect(await problems()).toEqual([]);
  });
});

describe('every screen', () => {
  it.each([
    ['/inbox', 'Inbox'],
    ['/releases', 'Releases'],
    ['/releases/board', 'Releases'],
    ['/releases/REL-000123', 'Release REL-000123'],
    ['/releases/REL-000123/scope', 'Release REL-000123'],
    ['/releases/REL-000123/plans', 'Release REL-000123'],
    ['/releases/REL-000123/tasks', 'Release REL-000123'],
    ['/releases/REL-000123/readiness', 'Release REL-000123'],
    ['/releases/REL-000123/approvals', 'Release REL-000123'],
    ['/releases/REL-000123/ci_update', 'Release REL-000123'],
    ['/releases/REL-000123/history', 'Release REL-000123'],
    ['/changes', 'Changes'],
    ['/changes/CHG-004411', 'Change CHG-004411'],
    ['/cmdb', 'CMDB'],
    ['/cmdb/CI-0091822', 'CI CI-0091822'],
    ['/cmdb/baselines', 'Baselines'],
    ['/cmdb/baselines/b1', 'Baselines'],
    ['/cmdb/standards', 'Standards'],
    ['/cmdb/standards/s1', 'Standards'],
    ['/cmdb/duplicates', 'Possible duplicates'],
    ['/cmdb/reconcile', 'Reconcile'],
    ['/cmdb/reconcile/accuracy', 'Accuracy of the CMDB'],
    ['/cmdb/reconcile/rules', 'Identification rules'],
    ['/cmdb/CI-0091822/history', 'CI CI-0091822'],
    ['/settings/classes', 'Settings'],
    ['/dsl', 'DSL'],
    ['/dsl/DSL-000012', 'DSL item DSL-000012'],
    ['/dhs', 'DHS'],
    ['/dhs/UNI-002211', 'DHS unit UNI-002211'],
    ['/calendar', 'Calendar'],
    ['/calendar/month/2026-11-28', 'Calendar'],
    ['/calendar/week/2026-11-28', 'Calendar'],
    ['/calendar/timeline/2026-11-28', 'Calendar'],
    ['/reports', 'Reports'],
    ['/reports/outcomes', 'Outcomes of releases'],
    ['/settings', 'Settings'],
    ['/settings/window', 'Settings'],
    ['/settings/carry', 'Settings'],
    ['/settings/devices', 'Settings'],
    ['/settings/people', 'Settings'],
    ['/settings/approvals', 'Settings'],
    ['/settings/workspace', 'Settings'],
  ])('%s is shown and axe finds nothing', async (path, name) => {
    open(path);
    const main = await screen.findByRole('main', { name });
    await waitFor(() => expect(within(main).queryByRole('status', { name: 'Loading' })).toBeNull());
    expect(await problems()).toEqual([]);
  });
});

describe('a report', () => {
  it('says in figures what the picture shows, and opens what is behind one', async () => {
    open('/reports/outcomes');
    const picture = await screen.findByRole('img', { name: /^Outcomes of releases, by month/ });
    expect(picture.textContent).toContain('Verified: 2026-10 8.');
    const table = screen.getByRole('region', { name: 'Figures of Outcomes of releases' });
    expect(within(table).getByText('75.0 %')).toBeTruthy();
    expect(within(table).getByText('–')).toBeTruthy();
    await userEvent.click(within(table).getByRole('button', { name: /^Verified, 2026-10: 8/ }));
    expect(await screen.findByRole('link', { name: 'REL-000007' })).toBeTruthy();
    expect(called('reports.records')).toHaveLength(1);
    expect(await problems()).toEqual([]);
    await userEvent.click(screen.getByRole('button', { name: 'Close' }));
    await userEvent.selectOptions(screen.getByLabelText('Type'), 'hardware');
    await waitFor(() => expect(called('reports.get').at(-1)).toMatchObject({ release_type: 'hardware' }));
  });
});

describe('what was and what is', () => {
  it('shows only what differs from a baseline, and with which other it is compared', async () => {
    open('/cmdb/baselines/b1');
    const differences = await screen.findByRole('region', { name: 'Differences' });
    expect(await within(differences).findByText('9.3')).toBeTruthy();
    expect(within(differences).getByText('depends on db-1')).toBeTruthy();
    await userEvent.selectOptions(within(differences).getByLabelText('Compare with'), 'b2');
    await waitFor(() => expect(called('baselines.compare').at(-1)).toEqual({ first: 'b1', second: 'b2' }));
  });

  it('merges two CIs that look alike, and undoes it', async () => {
    open('/cmdb/duplicates');
    await userEvent.click(await screen.findByRole('button', { name: 'Keep srv-7…' }));
    const sheet = await screen.findByRole('dialog', { name: 'Merge srv-8 into srv-7' });
    await userEvent.click(within(sheet).getByLabelText('Version: 9.8'));
    await userEvent.click(within(sheet).getByRole('button', { name: /^Merge/ }));
    await waitFor(() =>
      expect(called('duplicates.act')).toEqual([{ action: 'merge', kept: 'ci-7', gone: 'ci-8', take: ['version'] }]),
    );
    await userEvent.click(await screen.findByRole('button', { name: 'Undo the merge' }));
    await waitFor(() => expect(called('duplicates.act').at(-1)).toEqual({ action: 'undo_merge', gone: 'ci-8' }));
  });
});

describe('what is opened from outside', () => {
  it('leads to its place, and a carry file to the question whether to import it, once', async () => {
    open('/inbox');
    await screen.findByRole('main', { name: 'Inbox' });
    backend.emit('open', { address: '/settings/carry/%2Fstick%2Fof%20ann%20%26%20co.carry' });
    const sheet = await screen.findByRole('dialog', { name: 'Import a carry file' });
    expect(within(sheet).getByLabelText<HTMLInputElement>(/^File/).value).toBe('/stick/of ann & co.carry');
    expect(called('carry.import')).toEqual([]);
    expect(location.pathname).toBe('/settings/carry');
  });
});

describe('what was seen', () => {
  it('is accepted on a sheet, without what only a change sets', async () => {
    open('/cmdb/reconcile');
    expect(await screen.findByText('Recognised as', { exact: false })).toBeTruthy();
    await userEvent.keyboard('a');
    const sheet = await screen.findByRole('dialog', { name: 'Accept what was seen: 1 observation' });
    await userEvent.type(within(sheet).getByLabelText('Note'), '{Enter}', { delay: 60 });
    expect(called('observations.decide')).toEqual([]);
    await userEvent.click(within(sheet).getByRole('button', { name: /^Accept/ }));
    await waitFor(() => expect(called('observations.decide')).toHaveLength(1));
    expect(called('observations.decide')[0]).toMatchObject({ observations: ['observation-1'], verdict: 'accept' });
  });

  it('is decided field by field from the record beside the list', async () => {
    open('/cmdb/reconcile');
    await userEvent.click(await screen.findByRole('button', { name: /^accept what was seen/i }));
    const sheet = await screen.findByRole('dialog', { name: 'Accept what was seen: 1 observation' });
    const managed = within(sheet).getByLabelText<HTMLInputElement>(/^Version: 7 → 8 \(managed\)/);
    expect(managed.checked).toBe(false);
    await userEvent.click(within(sheet).getByLabelText(/^Model/));
    await userEvent.keyboard('{Control>}{Enter}{/Control}');
    await waitFor(() => expect(called('observations.decide')).toHaveLength(1));
    expect(called('observations.decide')[0]).toMatchObject({ fields: ['attributes.os'] });
  });

  it('is dismissed only with a reason', async () => {
    open('/cmdb/reconcile');
    await screen.findByText('Recognised as', { exact: false });
    await userEvent.keyboard('x');
    const sheet = await screen.findByRole('dialog', { name: 'Dismiss: 1 observation' });
    await userEvent.keyboard('{Control>}{Enter}{/Control}');
    expect(called('observations.decide')).toEqual([]);
    await userEvent.type(within(sheet).getByLabelText('Reason (needed)'), 'A test image', { delay: 60 });
    await userEvent.keyboard('{Control>}{Enter}{/Control}');
    await waitFor(() => expect(called('observations.decide')[0]).toMatchObject({ note: 'A test image' }));
  });

  it('is recognised by rules whose order is changed by buttons', async () => {
    open('/cmdb/reconcile/rules');
    await userEvent.click(await screen.findByRole('button', { name: 'Later: serial number and manufacturer' }));
    await waitFor(() =>
      expect(called('observations.put_rules')).toEqual([{ order: ['mac', 'serial'], managed: ['class', 'version'] }]),
    );
  });
});

describe('a release', () => {
  it('says where it stands and why it cannot go on', async () => {
    open('/releases/REL-000123');
    const rail = await screen.findByRole('list', { name: 'Phases' });
    expect(within(rail).getByText('Plan and design').closest('li')?.getAttribute('aria-current')).toBe('step');
    expect(
      within(screen.getByRole('region', { name: 'Open gates' })).getByText('The back-out plan is empty.'),
    ).toBeTruthy();
    const advance = screen.getByRole('button', { name: 'Advance to Build and test' });
    await userEvent.click(advance);
    expect(called('releases.act')).toEqual([]);
  });

  it('is terminated only on a sheet, with a reason, by Ctrl Enter', async () => {
    open('/releases/REL-000123');
    await screen.findByRole('button', { name: 'All actions' });
    await userEvent.keyboard('.');
    await userEvent.click(await screen.findByRole('menuitem', { name: 'Terminate' }));
    const sheet = await screen.findByRole('dialog', { name: 'REL-000123: Terminate' });
    await userEvent.keyboard('{Control>}{Enter}{/Control}');
    expect(called('releases.act')).toEqual([]);
    await userEvent.type(within(sheet).getByLabelText('Reason (needed)'), 'No budget', { delay: 60 });
    await userEvent.keyboard('{Enter}');
    expect(called('releases.act')).toEqual([]);
    await userEvent.keyboard('{Control>}{Enter}{/Control}');
    await waitFor(() => expect(called('releases.act')).toHaveLength(1));
    expect(called('releases.act')[0]).toMatchObject({ release: 'r1', action: 'terminate' });
  });

  it('keeps a refused sheet open and lists every reason', async () => {
    open('/releases/REL-000123', {
      'releases.act': () => {
        throw {
          kind: 'refused',
          findings: [a_finding('ONE', 'First reason.', 'Do this.'), a_finding('TWO', 'Second reason.', 'Do that.')],
        };
      },
    });
    await userEvent.click(await screen.findByRole('button', { name: 'Send back…' }));
    const sheet = await screen.findByRole('dialog', { name: 'REL-000123: Send back' });
    await userEvent.selectOptions(within(sheet).getByLabelText('To (needed)'), 'assess');
    await userEvent.type(within(sheet).getByLabelText('Reason (needed)'), 'x');
    await userEvent.click(await within(sheet).findByRole('button', { name: /^Send back Ctrl/ }));
    const alert = await within(sheet).findByRole('alert');
    expect(
      within(alert)
        .getAllByRole('listitem')
        .map((item) => item.dataset.code),
    ).toEqual(['ONE', 'TWO']);
  });

  it('edits only what was changed, with what was seen', async () => {
    open('/releases/REL-000123');
    await userEvent.click(await screen.findByRole('button', { name: /^Edit… E/ }));
    const sheet = await screen.findByRole('dialog');
    await userEvent.selectOptions(within(sheet).getByLabelText('Risk'), 'low');
    await userEvent.click(within(sheet).getByRole('button', { name: /^Save Ctrl/ }));
    await waitFor(() => expect(called('issue')).toHaveLength(1));
    expect(called('issue')[0]).toEqual({
      command: { release: ['r1', { edit: [{ risk: { from: 'high', to: 'low' } }] }] },
    });
  });
});

describe('a CI', () => {
  it('says what breaks with it, why, and what is spared; and what it needs', async () => {
    open('/cmdb/CI-0091822/relations');
    const impact = await screen.findByRole('region', { name: 'Impact' });
    expect(await within(impact).findByText('2 CIs, 1 business service')).toBeTruthy();
    const why = await within(impact).findByRole('group', { name: /^Why / });
    await waitFor(() =>
      expect(why.textContent.replace(/\s+/g, ' ')).toContain('Payroll runs on esx-14 connects to sw-core-1'),
    );
    expect(within(impact).getByText(/Cluster A holds: 2 of 3 up, 2 are enough/)).toBeTruthy();
    await userEvent.selectOptions(within(impact).getByLabelText('Direction'), 'upstream');
    await waitFor(() => expect(called('cmdb.impact').at(-1)).toMatchObject({ direction: 'upstream', depth: 3 }));
  });
});

describe('the edit sheet of a CI', () => {
  it('has the right inputs, sends only what was changed, and says beside a field what is wrong with it', async () => {
    open('/cmdb/CI-0091822', {
      issue: () => {
        throw {
          kind: 'refused',
          findings: [
            {
              code: 'WRONG_VALUE',
              record: null,
              sentence: 'Throughput of SW-CORE-1 cannot be "fast": it is a number in Gbit/s of at least 0.',
              way_out: 'Write it like 0 Gbit/s, or leave it empty.',
              data: { field: 'attributes.throughput' },
            },
          ],
        };
      },
    });
    await userEvent.click(await screen.findByRole('button', { name: /^Edit…/ }));
    const sheet = await screen.findByRole('dialog', { name: 'CI-0091822: Edit' });
    const field = within(sheet).getByLabelText('Throughput');
    await userEvent.clear(field);
    await userEvent.type(field, 'fast');
    await userEvent.click(within(sheet).getByRole('button', { name: /Save/ }));
    await waitFor(() => expect(field.getAttribute('aria-invalid')).toBe('true'));
    expect(within(sheet).getByText(/cannot be "fast"/)).toBeTruthy();
    expect(called('issue').at(-1)).toMatchObject({
      command: {
        cmdb: { set_fields: ['c1', [{ field: 'attributes.throughput', from: '40 Gbit/s', to: 'fast' }]] },
      },
    });
  });
});

describe('the Inbox', () => {
  it('approves on the sheet that A opens, with the digest that was shown', async () => {
    open('/inbox');
    const entry = await screen.findByRole('option', { name: /REL-000123 Core switch refresh/ });
    await userEvent.click(entry);
    await userEvent.keyboard('a');
    const sheet = await screen.findByRole('dialog', { name: 'REL-000123: Approve' });
    expect(called('approvals.act')).toEqual([]);
    await userEvent.click(within(sheet).getByRole('button', { name: /^Approve Ctrl/ }));
    await waitFor(() => expect(called('approvals.act')).toHaveLength(1));
    expect(called('approvals.act')[0]).toMatchObject({
      approval: 'a1',
      action: 'approve',
      digest: expect.stringMatching(/^8f3a/),
    });
  });

  it('a scanned code with an A and an Enter in it approves nothing and opens its record', async () => {
    open('/inbox');
    await userEvent.click(await screen.findByRole('option', { name: /REL-000123 Core switch refresh/ }));
    await userEvent.keyboard('A0091822{Enter}', { delay: null } as never);
    await waitFor(() => expect(called('search.records')).toEqual([{ text: 'A0091822', limit: 20 }]));
    expect(screen.queryByRole('dialog')).toBeNull();
    expect(called('approvals.act')).toEqual([]);
  });

  it('shows mine and theirs of a refused command', async () => {
    open('/inbox');
    await userEvent.click(await screen.findByRole('option', { name: /Approve REL-000119/ }));
    expect(await screen.findByRole('table')).toBeTruthy();
    expect(screen.getByRole('button', { name: 'Send again' })).toBeTruthy();
    expect(screen.getByText('scope edited', { exact: false })).toBeTruthy();
  });

  async function openRefused() {
    open('/inbox');
    await userEvent.click(await screen.findByRole('option', { name: /Approve REL-000119/ }));
    await screen.findByRole('table');
  }

  it('keeps mine of one field and theirs of all', async () => {
    await openRefused();
    await userEvent.click(screen.getByRole('button', { name: 'Keep mine: title' }));
    await userEvent.click(screen.getByRole('button', { name: 'Keep all theirs' }));
    expect(called('attention.keep')).toEqual([
      { command: 'x1', keep: 'mine', fields: ['title'] },
      { command: 'x1', keep: 'theirs', fields: ['title', 'reason'] },
    ]);
  });

  it('sends a refused command again with the text that was edited', async () => {
    await openRefused();
    await userEvent.keyboard('e');
    const sheet = await screen.findByRole('dialog', { name: /^Edit and send again/ });
    const title = within(sheet).getByLabelText('Title');
    await userEvent.clear(title);
    await userEvent.type(title, 'Core switches 2');
    await userEvent.keyboard('{Control>}{Enter}{/Control}');
    await waitFor(() => expect(called('attention.send_again')).toHaveLength(1));
    expect(called('attention.send_again')[0]).toEqual({
      command: 'x1',
      edits: [{ pointer: '/release/1/edit/0/title/to', value: 'Core switches 2' }],
    });
  });

  it('discards a refused command only with a reason', async () => {
    await openRefused();
    await userEvent.keyboard('d');
    const sheet = await screen.findByRole('dialog', { name: /^Discard/ });
    await userEvent.keyboard('{Control>}{Enter}{/Control}');
    expect(called('attention.discard')).toEqual([]);
    await userEvent.type(within(sheet).getByRole('textbox'), 'Ben did it');
    await userEvent.keyboard('{Control>}{Enter}{/Control}');
    await waitFor(() => expect(called('attention.discard')).toEqual([{ command: 'x1', reason: 'Ben did it' }]));
  });

  it('decides what was done against a rule, with a reason', async () => {
    open('/inbox');
    await userEvent.click(await screen.findByRole('option', { name: /Transfer a unit: UNI-000012/ }));
    await userEvent.click(await screen.findByRole('button', { name: 'Accept…' }));
    const sheet = await screen.findByRole('dialog', { name: /Accept$/ });
    await userEvent.type(within(sheet).getByRole('textbox'), 'It is there');
    await userEvent.keyboard('{Control>}{Enter}{/Control}');
    await waitFor(() =>
      expect(called('exceptions.act')).toEqual([{ exception: 'e1', action: 'accept', reason: 'It is there' }]),
    );
  });
});

describe('by keyboard', () => {
  it('goes to a place by G and its letter, and by Ctrl and its number', async () => {
    open('/inbox');
    await screen.findByRole('main', { name: 'Inbox' });
    await userEvent.keyboard('gc', { delay: 80 } as never);
    expect(await screen.findByRole('main', { name: 'Changes' })).toBeTruthy();
    await userEvent.keyboard('{Control>}4{/Control}');
    expect(await screen.findByRole('main', { name: 'CMDB' })).toBeTruthy();
  });

  it('opens the palette, finds a record and goes there', async () => {
    open('/inbox');
    await screen.findByRole('main', { name: 'Inbox' });
    await userEvent.keyboard('{Control>}k{/Control}');
    const input = await screen.findByRole('combobox', { name: 'Search or do' });
    await userEvent.type(input, 'payroll', { delay: 60 });
    await userEvent.click(await screen.findByText('REL-000012'));
    expect(await screen.findByRole('main', { name: /^Release / })).toBeTruthy();
  });
});
