/** The calendar in the whole window: what it shows, and that everything in it can be done by keys. */
import { cleanup, render, screen, waitFor, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import App from '../../App.svelte';
import { a_workspace } from '../../test/answers';
import type { Answers, TestBackend } from '../../test/backend';
import { problems } from '../../test/axe';
import { SATURDAY } from '../../test/calendar';
import { HOUR } from '../../test/world';
import { memory } from './memory.svelte';
import { moved } from './moves.svelte';

let backend: TestBackend;

function open(path: string, more: Answers = {}): void {
  history.replaceState(null, '', path);
  backend = a_workspace(more);
  render(App, { props: { backend } });
}

const grid = () => screen.findByRole('grid');
const panel = () => screen.getByRole('region', { name: 'The day' });
const called = (name: string) => backend.calls.filter((call) => call.name === name).map(({ request }) => request);

async function press(keys: string): Promise<void> {
  (await grid()).focus();
  await userEvent.keyboard(keys, { delay: 70 } as never);
}

beforeEach(() => {
  localStorage.clear();
  memory.chosen = undefined;
  memory.shown = { release: true, change: true, carried: false, freeze: true };
});
afterEach(cleanup);

describe('the calendar', () => {
  it('shows the days of a month, and what is planned on the day one is on', async () => {
    open('/calendar/month/2026-11-28');
    const day = await screen.findByRole('gridcell', { name: /28.*, 3 planned/ });
    expect(day.getAttribute('aria-selected')).toBe('true');
    expect(
      within(day).getByRole('button', { name: /^20:00 Payroll 9.4 REL-000131,.* 1 thing in its way/ }),
    ).toBeTruthy();
    expect(within(panel()).getByText(/share the service Payroll/)).toBeTruthy();
    expect(screen.getByRole('gridcell', { name: /^\w+,? (December 3|3 December).*1 freeze/ })).toBeTruthy();
  });

  it('goes by days with the arrows, by pages, and opens what one is on', async () => {
    open('/calendar/month/2026-11-27');
    await screen.findByRole('gridcell', { name: /28.*, 3 planned/ });
    await press('{ArrowRight}');
    await waitFor(() => expect(location.pathname).toBe('/calendar/month/2026-11-28'));
    await press('{ArrowDown}');
    await waitFor(() => expect(location.pathname).toBe('/calendar/month/2026-12-05'));
    await press('{PageUp}');
    await waitFor(() => expect(location.pathname).toBe('/calendar/month/2026-11-05'));
    expect(called('calendar.get').length).toBeGreaterThan(1);
    await press('{PageDown}');
    await press('{ArrowUp}{ArrowRight}');
    history.replaceState(null, '', '/calendar/month/2026-11-28');
    window.dispatchEvent(new PopStateEvent('popstate'));
    await screen.findByRole('gridcell', { name: /28.*, 3 planned/ });
    await press('j');
    await waitFor(() => expect(memory.chosen).toBeDefined());
    await press('{Enter}');
    await waitFor(() => expect(location.pathname).toMatch(/^\/(releases|changes)\//));
  });

  it('has three views of the same time, each by a key', async () => {
    open('/calendar/month/2026-11-28');
    await grid();
    await press('w');
    await waitFor(() => expect(location.pathname).toBe('/calendar/week/2026-11-28'));
    expect(await screen.findByRole('rowheader', { name: 'Days' })).toBeTruthy();
    await press('l');
    await waitFor(() => expect(location.pathname).toBe('/calendar/timeline/2026-11-28'));
    expect(await screen.findByRole('gridcell', { name: 'REL-000131 Payroll 9.4' })).toBeTruthy();
    await press('j');
    expect((await grid()).getAttribute('aria-activedescendant')).toMatch(/^entry-/);
  });

  it('leaves out changes of releases unless they are asked for', async () => {
    open('/calendar/timeline/2026-11-28');
    await screen.findAllByText('Payroll 9.4');
    expect(screen.queryByText('Uplink card')).toBeNull();
    await userEvent.click(screen.getByRole('button', { name: 'Changes of releases' }));
    expect(await screen.findAllByText('Uplink card')).not.toHaveLength(0);
  });

  it('says what it is for where nothing is planned', async () => {
    open('/calendar/month/2027-05-01');
    expect(await screen.findByRole('heading', { name: 'Nothing planned in May 2027' })).toBeTruthy();
  });

  it('moves a plan after saying what that voids and what it meets there', async () => {
    open('/calendar/month/2026-11-28');
    await screen.findByRole('gridcell', { name: /28.*, 3 planned/ });
    memory.chosen = 'rel-000131';
    await press('e');
    const sheet = await screen.findByRole('dialog', { name: 'Reschedule REL-000131 Payroll 9.4' });
    const confirm = () => within(sheet).getByRole('button', { name: /^Move it/ });
    expect(confirm().getAttribute('aria-disabled')).toBe('true');
    await userEvent.click(within(sheet).getByRole('button', { name: 'Find the next free slot' }));
    expect(
      await within(sheet).findByText(/The approval\s+of Plan and design\s+with 2 votes counts no more/),
    ).toBeTruthy();
    expect(within(sheet).getByText('Free of freezes and collisions')).toBeTruthy();
    expect(within(sheet).getByText('1 slot was passed over: why')).toBeTruthy();
    expect(await problems()).toEqual([]);
    await userEvent.click(confirm());
    await waitFor(() => expect(location.pathname).toBe('/calendar/month/2026-11-29'));
    const at = SATURDAY + 24 * HOUR;
    expect(called('calendar.move')).toMatchObject([{ release: 'rel-000131', to: { start: at, end: at + 5 * HOUR } }]);
  });

  it('opens a new freeze on the day one is on', async () => {
    open('/calendar/month/2026-11-28');
    await grid();
    await press('n');
    const sheet = await screen.findByRole('dialog', { name: 'New freeze' });
    expect(within(sheet).getByDisplayValue('2026-11-28 00:00')).toBeTruthy();
    expect(within(sheet).getByDisplayValue('2026-11-29 00:00')).toBeTruthy();
    expect(await problems()).toEqual([]);
  });
});

describe('a drag', () => {
  it('moves by whole days and keeps the time of day', () => {
    const window = { start: SATURDAY, end: SATURDAY + 5 * HOUR };
    expect(moved({ window }, '2026-11-28', '2026-12-01')).toEqual({
      start: SATURDAY + 72 * HOUR,
      end: SATURDAY + 77 * HOUR,
    });
    expect(moved({ window }, '2026-11-29', '2026-11-28').start).toBe(SATURDAY - 24 * HOUR);
  });
});
