import { render, screen, waitFor } from '@testing-library/svelte';
import { describe, expect, it, vi } from 'vitest';
import { problems } from '../../test/axe';
import { testBackend } from '../../test/backend';
import { Live } from '../live.svelte';
import type { Column } from './columns';
import Grid from './Grid.svelte';

interface Ci {
  id: string;
  name: string;
}

const COLUMNS: Column<Ci>[] = [
  { id: 'number', title: 'Number', width: '12ch', text: ({ id }) => id, sortable: true },
  { id: 'name', title: 'Name', width: '1fr', text: ({ name }) => name },
];

function show(count: number, more: Record<string, unknown> = {}) {
  const asked: string[][] = [];
  const live = new Live(testBackend());
  const rows = live.rows<Ci>(
    async (ids) => {
      asked.push(ids);
      return ids.map((id) => ({ id, name: `Switch ${id}` }));
    },
    ({ id }) => id,
    ['ci'],
  );
  const ids = Array.from({ length: count }, (_, at) => `CI-${at + 1}`);
  const props = { label: 'CIs', noun: 'CI', ids, columns: COLUMNS, rows, ...more };
  const view = render(Grid<Ci>, { props });
  return { ...view, asked, ids, props };
}

function press(key: string, more: KeyboardEventInit = {}): void {
  document.activeElement?.dispatchEvent(
    new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...more }),
  );
}

const grid = () => screen.getByRole('grid', { name: 'CIs' });
const focusedRow = () => document.activeElement?.closest('[role=row]')?.getAttribute('data-id');

function enter(): void {
  grid().querySelector<HTMLElement>('[role=gridcell][tabindex="0"]')?.focus();
}

describe('a grid of a million rows', () => {
  it('says how many there are, draws a few and asks only for those', async () => {
    const { asked } = show(1_000_000);
    await screen.findByText('Switch CI-1');
    expect(grid().getAttribute('aria-rowcount')).toBe('1000001');
    expect(screen.getAllByRole('row').length).toBeLessThan(40);
    expect(asked.flat().length).toBeLessThan(40);
  });
});

describe('by keyboard', () => {
  it('J, K and arrows move the row, Enter opens it, Shift Enter peeks', async () => {
    const oncurrent = vi.fn();
    const onopen = vi.fn();
    const onpeek = vi.fn();
    const { rerender } = show(50, { oncurrent, onopen, onpeek, current: 'CI-2' });
    await screen.findByText('Switch CI-2');
    enter();
    expect(focusedRow()).toBe('CI-2');
    press('j');
    expect(oncurrent).toHaveBeenLastCalledWith('CI-3');
    press('ArrowUp');
    expect(oncurrent).toHaveBeenLastCalledWith('CI-1');
    press('End', { ctrlKey: true });
    expect(oncurrent).toHaveBeenLastCalledWith('CI-50');
    press('Enter');
    expect(onopen).toHaveBeenCalledWith('CI-2');
    press('Enter', { shiftKey: true });
    expect(onpeek).toHaveBeenCalledWith('CI-2');
    await rerender({ current: 'CI-50' });
    await waitFor(() => expect(focusedRow()).toBe('CI-50'));
  });

  it('the header sorts by Enter and says so', async () => {
    const onsort = vi.fn();
    const { rerender } = show(5, { onsort });
    await screen.findByText('Switch CI-1');
    enter();
    press('ArrowUp');
    await waitFor(() => expect(document.activeElement?.getAttribute('role')).toBe('columnheader'));
    press('Enter');
    expect(onsort).toHaveBeenCalledWith({ column: 'number', descending: false });
    await rerender({ sort: { column: 'number', descending: false } });
    expect(screen.getByRole('columnheader', { name: 'Number' }).getAttribute('aria-sort')).toBe('ascending');
    expect(screen.getByRole('status').textContent).toContain('Sorted by Number');
  });

  it('Space selects, Shift extends, Ctrl A selects all without asking for rows', async () => {
    const onselect = vi.fn();
    const { asked } = show(5_000, { onselect, current: 'CI-3' });
    await screen.findByText('Switch CI-3');
    enter();
    press(' ');
    expect([...(onselect.mock.lastCall?.[0] ?? [])]).toEqual(['CI-3']);
    press('ArrowDown', { shiftKey: true });
    expect([...(onselect.mock.lastCall?.[0] ?? [])]).toEqual(['CI-3', 'CI-4']);
    const before = asked.flat().length;
    press('a', { ctrlKey: true });
    expect(onselect.mock.lastCall?.[0]?.size).toBe(5_000);
    expect(asked.flat().length).toBe(before);
  });
});

it('the focus stays on its record when the list is asked again', async () => {
  const { rerender, ids } = show(10, { current: 'CI-4' });
  await screen.findByText('Switch CI-4');
  enter();
  await rerender({ ids: ['CI-new', ...ids] });
  expect(focusedRow()).toBe('CI-4');
});

it('the focus goes to a row that is there when its own is gone', async () => {
  const { rerender, ids } = show(10, { current: 'CI-4' });
  await screen.findByText('Switch CI-4');
  enter();
  await rerender({ ids: ids.filter((id) => id !== 'CI-4') });
  await waitFor(() => expect(focusedRow()).toBe('CI-1'));
});

it('a field that somebody goes to before the list is drawn keeps the focus', async () => {
  const { rerender, ids } = show(10, { current: 'CI-4' });
  await screen.findByText('Switch CI-4');
  const field = document.body.appendChild(document.createElement('input'));
  // As after a sheet whose opener is gone: the focus is nowhere.
  await rerender({ ids: ['CI-new', ...ids] });
  field.focus();
  await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
  expect(document.activeElement).toBe(field);
  field.remove();
});

it('has nothing that axe objects to', async () => {
  show(10, { onselect: vi.fn(), onsort: vi.fn(), current: 'CI-1' });
  await screen.findByText('Switch CI-1');
  expect(await problems()).toEqual([]);
});
