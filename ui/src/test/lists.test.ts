/** Lists: completing and marking a filter, selecting rows, editing many CIs with preview and undo. */
import { cleanup, render, screen, waitFor, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, expect, it } from 'vitest';
import App from '../App.svelte';
import { toasts } from '../lib/ui/toasts.svelte';
import { problems } from './axe';
import type { Answers, TestBackend } from './backend';
import { a_workspace } from './answers';

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

it('completes a filter by keyboard, and puts the nearest word in place of a wrong one', async () => {
  open('/cmdb', {
    'lists.suggest': ({ text, cursor }: { text: string; cursor: number }) => ({
      from: 0,
      to: cursor,
      suggestions: text === 'cl' ? [{ insert: 'class:', about: 'begins with' }] : [],
      error: text.startsWith('clas:')
        ? { at: 0, length: 4, sentence: 'A CI has nothing called clas.', nearest: 'class', unfinished: false }
        : null,
    }),
  });
  await screen.findByRole('grid', { name: 'CMDB' });
  await waitFor(() => expect(document.activeElement?.getAttribute('role')).toBe('gridcell'));
  const box = await screen.findByRole<HTMLInputElement>('combobox', { name: 'Filter CMDB' });
  await userEvent.type(box, 'cl', { delay: 60 });
  expect(await screen.findByRole('option', { name: /class:/ })).toBeTruthy();
  expect(await problems()).toEqual([]);
  await userEvent.keyboard('{ArrowDown}{Enter}');
  await waitFor(() => expect(box.value).toBe('class:'));
  await userEvent.clear(box);
  await userEvent.type(box, 'clas:x', { delay: 60 });
  expect(await screen.findByText(/A CI has nothing called clas/)).toBeTruthy();
  expect(box.getAttribute('aria-invalid')).toBe('true');
  expect(await problems()).toEqual([]);
  await userEvent.click(screen.getByRole('button', { name: 'Use class' }));
  await waitFor(() => expect(box.value).toBe('class:x'));
});

it('edits the selected CIs: preview with what is refused, then the step, then its undo', async () => {
  const row = (n: number) => ({ id: `ci-${n}`, label: `host-${n}` });
  const report = (dry: boolean) => ({
    rows: [
      { ...row(1), changes: [{ field: 'status', was: 'in use', is: 'retired' }], refused: [] },
      { ...row(2), changes: [], refused: ['host-2 is disposed and cannot become retired.'] },
    ],
    changed: 1,
    unchanged: 0,
    refused: 1,
    command: dry ? null : 'step-1',
  });
  open('/cmdb', {
    'cmdb.edit_many': ({ dry_run }: { dry_run?: boolean }) => report(dry_run === true),
    'cmdb.undo_edit': () => ({ rows: [], changed: 1, unchanged: 0, refused: 0, command: 'step-2' }),
  });
  await screen.findByRole('grid', { name: 'CMDB' });
  await waitFor(() => expect(document.activeElement?.getAttribute('role')).toBe('gridcell'));
  await userEvent.keyboard(' {Shift>}{ArrowDown}{/Shift}');
  const bar = await screen.findByRole('group', { name: 'Selected' });
  expect(within(bar).getByText('2 selected')).toBeTruthy();
  await userEvent.click(within(bar).getByRole('button', { name: 'Edit…' }));
  const sheet = await screen.findByRole('dialog', { name: 'Edit 2 CIs' });
  await userEvent.click(within(sheet).getByRole('button', { name: /^Preview/ }));
  expect(await within(sheet).findByText(/cannot become retired/)).toBeTruthy();
  expect(within(sheet).getByRole('row', { name: 'host-1 in use retired' })).toBeTruthy();
  expect(await problems()).toEqual([]);
  await userEvent.click(within(sheet).getByRole('button', { name: /^Change 1/ }));
  await waitFor(() => expect(called('cmdb.edit_many').at(-1)).toMatchObject({ dry_run: false }));
  await userEvent.click(await screen.findByRole('button', { name: 'Undo' }));
  await waitFor(() => expect(called('cmdb.undo_edit')).toEqual([{ command: 'step-1' }]));
});

it('draws the rows of a tree that are in sight, whatever a branch holds, and takes the focus to its end', async () => {
  const racks = Array.from({ length: 5_000 }, (_, at) => ({
    key: `rack-${at + 1}`,
    label: `Rack ${at + 1}`,
    kind: 'rack' as const,
    reads: '',
    units: '',
    ci: null,
    again: false,
  }));
  open('/cmdb', {
    'cmdb.tree': ({ path }: { path?: string[] }) => ({
      nodes: path?.length ? racks.slice(0, 2).map((node) => ({ ...node, kind: 'ci' as const })) : racks,
      next: null,
    }),
  });
  await userEvent.selectOptions(await screen.findByLabelText('Ways into the CMDB'), 'By place');
  const tree = await screen.findByRole('tree', { name: 'Places' });
  const first = await within(tree).findByRole('treeitem', { name: /Rack 1\b/ });
  expect(within(tree).getAllByRole('treeitem').length).toBeLessThan(60);
  first.focus();
  await userEvent.keyboard('{ArrowRight}');
  await waitFor(() => expect(tree.querySelector('[aria-level="2"]')).toBeTruthy());
  await userEvent.keyboard('{ArrowRight}');
  await waitFor(() => expect(document.activeElement?.getAttribute('aria-level')).toBe('2'));
  await userEvent.keyboard('{ArrowLeft}{ArrowLeft}{End}');
  await waitFor(() => expect(document.activeElement?.textContent).toContain('Rack 5000'));
  expect(document.activeElement?.getAttribute('aria-posinset')).toBe('5000');
  expect(within(tree).getAllByRole('treeitem').length).toBeLessThan(60);
  expect(await problems()).toEqual([]);
});
