import { render, screen } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { problems } from '../../test/axe';
import { score } from './match';
import Palette, { type Found } from './Palette.svelte';
import { registry } from './registry';

const found: Found = {
  id: '1',
  number: 'REL-000123',
  title: 'Core switch refresh',
  note: 'Plan and design',
  path: '/releases/REL-000123',
};
let leave = () => {};
afterEach(() => leave());

function show(find: (text: string) => Promise<Found[]> = async () => []) {
  const ran: string[] = [];
  leave = registry.add(
    { id: 'sync', title: 'Sync now', group: 'Everywhere', keys: ['F8'], run: () => ran.push('sync') },
    {
      id: 'advance',
      title: 'Advance to Rollout',
      group: 'Release',
      why: () => 'two gates are open',
      run: () => ran.push('advance'),
    },
  );
  const onclose = vi.fn();
  const onrecord = vi.fn();
  render(Palette, { props: { open: true, onclose, find, onrecord } });
  return { ran, onclose, onrecord, input: screen.getByRole('combobox', { hidden: true }) };
}

describe('the palette', () => {
  it('teaches the key beside each action and runs it by Enter', async () => {
    const { ran, input, onclose } = show();
    expect(screen.getByText('F8')).toBeTruthy();
    await userEvent.type(input, 'sync{Enter}');
    expect(ran).toEqual(['sync']);
    expect(onclose).toHaveBeenCalled();
  });

  it('shows why an action is not allowed and does not run it', async () => {
    const { ran, input, onclose } = show();
    await userEvent.type(input, 'advance');
    expect(screen.getByText('two gates are open')).toBeTruthy();
    await userEvent.type(input, '{Enter}');
    expect(ran).toEqual([]);
    expect(onclose).not.toHaveBeenCalled();
  });

  it('finds records after the actions and opens the chosen one', async () => {
    const { input, onrecord } = show(async (text) => (text === 'core' ? [found] : []));
    await userEvent.type(input, 'core');
    await screen.findByText('Core switch refresh');
    await userEvent.type(input, '{Enter}');
    expect(onrecord).toHaveBeenCalledWith(found);
  });

  it('never shows an old answer over a new one', async () => {
    const late: ((found: Found[]) => void)[] = [];
    const { input } = show((text) => (text === 'c' ? new Promise((done) => late.push(done)) : Promise.resolve([])));
    await userEvent.type(input, 'co');
    late.forEach((answer) => answer([found]));
    await Promise.resolve();
    expect(screen.queryByText('Core switch refresh')).toBeNull();
  });

  it('has nothing that axe objects to', async () => {
    show();
    expect(await problems()).toEqual([]);
  });
});

it('matches forgivingly, beginnings first', () => {
  expect(score('rel', 'Go to Releases')).toBeGreaterThan(0);
  expect(score('sync', 'Sync now')).toBeGreaterThan(score('now', 'Sync now'));
  expect(score('gtr', 'Go to Releases')).toBeGreaterThan(0);
  expect(score('xyz', 'Go to Releases')).toBe(0);
});
