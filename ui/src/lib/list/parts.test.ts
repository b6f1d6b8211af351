import { render, screen, waitFor } from '@testing-library/svelte';
import { describe, expect, it, vi } from 'vitest';
import { testBackend } from '../../test/backend';
import Grid from '../grid/Grid.svelte';
import { Live } from '../live.svelte';
import { ListParts, PART, TAKEN_MOST } from './parts.svelte';

const MILLION = 1_000_000;
const id = (at: number) => `CI-${at}`;

interface Ci {
  id: string;
}

/** A million rows; `from` is the number of the first. */
function parts(from = 0, length = MILLION) {
  const asked: number[] = [];
  const failed = vi.fn();
  const ids = (at: number, count: number) => Array.from({ length: count }, (_, offset) => id(from + at + offset));
  const list = new ListParts(
    {
      part: async (at, count) => {
        asked.push(at);
        return { ids: ids(at, count), rows: [] };
      },
      ids: async (at, count) => ids(at, count),
      failed,
    },
    length,
    ids(0, 2 * PART),
  );
  return { list, asked, failed };
}

describe('a list in parts', () => {
  it('asks for what is wanted last, not for what was passed on the way', async () => {
    const { list, asked } = parts();
    for (let at = 0; at < 500; at++) list.ensure(at * 1_000, at * 1_000 + 40);
    await vi.waitFor(() => expect(list.at(499_000)).toBe(id(499_000)));
    expect(asked.length).toBeLessThan(4);
  });

  it('keeps a bounded number of ids, and the row one is on', async () => {
    const { list } = parts();
    await list.reach(700_000);
    for (let at = 0; at < 200; at++) {
      list.ensure(at * PART, (at + 1) * PART, 700_000);
      await list.reach(at * PART);
    }
    expect(list.indexOf(id(700_000))).toBe(700_000);
    const kept = Array.from({ length: 200 }, (_, at) => at * PART).filter((at) => list.at(at) !== undefined);
    expect(kept.length).toBeLessThanOrEqual(60);
    expect(list.at(199 * PART)).toBe(id(199 * PART));
  });

  it('tells that a part could not be had, and nobody waits for it', async () => {
    const failed = vi.fn();
    const list = new ListParts({ part: () => Promise.reject(new Error('no')), ids: async () => [], failed }, MILLION);
    expect(await list.reach(5)).toBeUndefined();
    expect(failed).toHaveBeenCalledOnce();
  });
});

function show(list: ListParts, more: Record<string, unknown> = {}) {
  const live = new Live(testBackend());
  const rows = live.rows<Ci>(
    async (ids) => ids.map((id) => ({ id })),
    ({ id }) => id,
    ['ci'],
  );
  const columns = [{ id: 'name', title: 'Name', width: '1fr', text: ({ id }: Ci) => `Switch ${id}` }];
  return render(Grid<Ci>, { props: { label: 'CIs', noun: 'CI', ids: list, question: '', columns, rows, ...more } });
}

function press(key: string, more: KeyboardEventInit = {}): void {
  document.activeElement?.dispatchEvent(
    new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...more }),
  );
}

const focused = () => document.activeElement?.closest('[role=row]')?.getAttribute('data-id');
const grid = () => screen.getByRole('grid', { name: 'CIs' });
const enter = () => grid().querySelector<HTMLElement>('[role=gridcell][tabindex="0"]')?.focus();

describe('a grid of a list in parts', () => {
  it('goes to the last of a million rows and back, by key', async () => {
    const { list, asked } = parts();
    const view = show(list, { current: id(0) });
    const oncurrent = vi.fn((current: string) => void view.rerender({ current }));
    await view.rerender({ oncurrent });
    await screen.findByText('Switch CI-0');
    enter();
    press('End', { ctrlKey: true });
    await waitFor(() => expect(focused()).toBe(id(MILLION - 1)));
    expect(screen.getByText('Switch CI-999999')).toBeTruthy();
    press('PageUp');
    await waitFor(() => expect(oncurrent).toHaveBeenCalledTimes(2));
    press('Home', { ctrlKey: true });
    await waitFor(() => expect(focused()).toBe(id(0)));
    expect(asked.length).toBeLessThan(5);
    expect(screen.getAllByRole('row').length).toBeLessThan(50);
  });

  it('is dragged anywhere', async () => {
    const { list, asked } = parts();
    show(list, { current: id(0) });
    await screen.findByText('Switch CI-0');
    Object.defineProperty(grid(), 'scrollTop', { value: 4_000_000, writable: true });
    grid().dispatchEvent(new Event('scroll'));
    const middle = () => [...grid().querySelectorAll('[data-id]')].map((row) => row.getAttribute('data-id'));
    await waitFor(() => expect(middle().some((id) => /^CI-(49|50)\d{4}$/.test(id ?? ''))).toBe(true));
    expect(asked.length).toBeLessThan(4);
  });

  it('a row stays in its place on the screen when others come above it', async () => {
    const { list } = parts();
    await list.reach(500_000);
    const view = show(list, { current: id(500_000) });
    await screen.findByText('Switch CI-500000');
    const row = () => grid().querySelector<HTMLElement>('[data-id="CI-500000"]');
    const place = () => Math.round(parseFloat(/\((.*)px/.exec(row()?.style.transform ?? '')?.[1] ?? ''));
    const before = place();
    const { list: later } = parts(-30, MILLION + 30);
    await later.reach(500_030);
    await view.rerender({ ids: later });
    await waitFor(() => expect(grid().getAttribute('aria-rowcount')).toBe(String(MILLION + 31)));
    await waitFor(() => expect(place()).toBe(before));
    expect(row()?.getAttribute('aria-rowindex')).toBe('500032');
  });

  it('Ctrl A takes as many as can be taken, and says of how many', async () => {
    const { list } = parts();
    const onselect = vi.fn();
    show(list, { current: id(0), onselect });
    await screen.findByText('Switch CI-0');
    enter();
    press('a', { ctrlKey: true });
    await waitFor(() => expect(onselect).toHaveBeenCalled());
    expect(onselect.mock.lastCall?.[0].size).toBe(TAKEN_MOST);
    expect(onselect.mock.lastCall?.[1]).toBe(MILLION);
    expect(screen.getByRole('status').textContent).toContain('The first 10,000 of 1,000,000 selected');
  });
});
