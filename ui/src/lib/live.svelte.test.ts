import { flushSync } from 'svelte';
import { describe, expect, it, vi } from 'vitest';
import { testBackend } from '../test/backend';
import { Live } from './live.svelte';

/** Reads in an effect, as a component does, and keeps what was seen. */
function reader<T>(read: () => T): { seen: T[]; stop: () => void } {
  const seen: T[] = [];
  const stop = $effect.root(() => {
    $effect(() => {
      seen.push(read());
    });
  });
  flushSync();
  return { seen, stop };
}

describe('a live query', () => {
  it('is asked when first read and once for two readers', async () => {
    const backend = testBackend({ 'sites.list': () => ({ sites: [] }) });
    const live = new Live(backend);
    const one = reader(() => live.query('sites.list', null, ['release']).data);
    const two = reader(() => live.query('sites.list', null, ['release']).data);
    await vi.waitFor(() => expect(one.seen.at(-1)).toEqual({ sites: [] }));
    expect(two.seen.at(-1)).toEqual({ sites: [] });
    expect(backend.calls).toHaveLength(1);
    one.stop();
    two.stop();
  });

  it('is asked again when one of its kinds changed, and only then', async () => {
    let count = 0;
    const backend = testBackend({ 'sites.list': () => ++count });
    const live = new Live(backend);
    const { seen, stop } = reader(() => live.query('sites.list', null, ['release']).data);
    await vi.waitFor(() => expect(seen.at(-1)).toBe(1));
    backend.emit('changed', { kinds: ['ci'], ids: [] });
    backend.emit('changed', { kinds: ['release'], ids: ['REL-000001'] });
    await vi.waitFor(() => expect(seen.at(-1)).toBe(2));
    expect(backend.calls).toHaveLength(2);
    stop();
  });

  it('waits with asking while nobody reads', async () => {
    const backend = testBackend({ 'sites.list': () => 1 });
    const live = new Live(backend);
    const query = live.query('sites.list', null, ['release']);
    const { seen, stop } = reader(() => query.data);
    await vi.waitFor(() => expect(seen.at(-1)).toBe(1));
    stop();
    await vi.waitFor(() => expect(query.active).toBe(false));
    backend.emit('changed', { kinds: ['release'], ids: [] });
    expect(backend.calls).toHaveLength(1);
    const again = reader(() => query.data);
    await vi.waitFor(() => expect(backend.calls).toHaveLength(2));
    again.stop();
  });

  it('keeps the last answer beside an error', async () => {
    let answer = () => 'first';
    const backend = testBackend({ 'sites.list': () => answer() });
    const query = new Live(backend).query('sites.list', null, ['release']);
    const { stop } = reader(() => [query.data, query.error]);
    await vi.waitFor(() => expect(query.data).toBe('first'));
    answer = () => {
      throw { kind: 'trouble', code: 'DISK_FULL', sentence: 'The disk is full.', way_out: 'Free some space.' };
    };
    backend.emit('changed', { kinds: ['release'], ids: [] });
    await vi.waitFor(() => expect(query.error).toMatchObject({ code: 'DISK_FULL' }));
    expect(query.data).toBe('first');
    stop();
  });
});

describe('the rows of a list', () => {
  it('are asked for by window, each once, and again when changed in sight', async () => {
    const asked: string[][] = [];
    const backend = testBackend();
    const live = new Live(backend);
    const rows = live.rows(
      async (ids) => {
        asked.push(ids);
        return ids.map((id) => ({ id }));
      },
      (row) => row.id,
      ['ci'],
    );
    rows.want(['a', 'b']);
    rows.want(['b', 'c']);
    await vi.waitFor(() => expect(rows.get('c')).toEqual({ id: 'c' }));
    expect(asked).toEqual([['a', 'b'], ['c']]);
    backend.emit('changed', { kinds: ['ci'], ids: ['a', 'b'] });
    await vi.waitFor(() => expect(asked).toHaveLength(3));
    expect(asked[2]).toEqual(['b']);
    expect(rows.get('a')).toBeUndefined();
  });
});
