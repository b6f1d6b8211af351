import { expect, test, vi } from 'vitest';
import { numbered } from '../../test/answers';
import { testBackend } from '../../test/backend';
import type { ListRow } from '../../bindings/ListRow';
import type { OpenList } from '../../bindings/OpenList';
import { Live } from '../live.svelte';
import { Opened } from './opened.svelte';

const id = (at: number) => `ci-${at}`;
const SHORT: OpenList = {
  ids: [id(1)],
  total: 1,
  list: null,
  is_ordered: false,
  unknown: [],
  error: null,
  looked_at: null,
};
const FIRST = Array.from({ length: 200 }, (_, at) => id(at));
const long = (list: number, total: number, is_ordered: boolean): OpenList => ({
  ...SHORT,
  ids: FIRST,
  total,
  list,
  is_ordered,
});

function place(current?: string) {
  let order = (_: number): Promise<{ total: number; is_ended: boolean }> =>
    Promise.resolve({ total: 1_000_000, is_ended: false });
  const backend = testBackend({
    'lists.order': ({ list }: { list: number }) => order(list),
    'lists.part': ({ from, count }: { from: number; count: number }) => {
      const ids = Array.from({ length: count }, (_, at) => id(from + at));
      return { ids, rows: ids.map((one) => numbered('ci', one)) };
    },
    'lists.places': ({ ids }: { ids: string[] }) => ({ places: ids.map((one) => Number(one.slice(3))) }),
  });
  const rows = new Live(backend).rows<ListRow>(
    async () => [],
    (row) => row.id,
    ['ci'],
  );
  const again = vi.fn();
  const opened = new Opened({ backend, kind: 'ci', rows, current: () => current, again });
  return { opened, backend, again, rows, orderBy: (by: typeof order) => (order = by) };
}

test('a short list is there at once, and takes the place of a long one', async () => {
  const { opened } = place();
  opened.show(long(1, 1_000_000, true), 'a');
  await vi.waitFor(() => expect(opened.total).toBe(1_000_000));
  opened.show(SHORT, 'b');
  expect([opened.ids, opened.total]).toEqual([[id(1)], 1]);
});

test('the first rows are seen while the order is found; then all', async () => {
  const { opened, orderBy } = place();
  let found = (_: { total: number; is_ended: boolean }) => {};
  orderBy(() => new Promise((resolve) => (found = resolve)));
  opened.show(long(1, 200, false), 'a');
  expect([opened.parts?.length, opened.parts?.at(7), opened.total]).toEqual([200, id(7), undefined]);
  found({ total: 600_000, is_ended: false });
  await vi.waitFor(() => expect(opened.total).toBe(600_000));
  expect(await opened.parts?.reach(599_999)).toBe(id(599_999));
});

test('a list that changed is shown once the row one is on is there, with its rows', async () => {
  const { opened, rows } = place(id(700_000));
  opened.show(long(1, 1_000_000, true), 'a');
  await vi.waitFor(() => expect(opened.total).toBe(1_000_000));
  expect(opened.parts?.indexOf(id(700_000))).toBe(700_000);
  expect(rows.get(id(700_020))?.id).toBe(id(700_020));
  const before = opened.ids;
  opened.show(long(2, 1_000_001, false), 'a');
  expect(opened.ids, 'what is in sight stays').toBe(before);
  await vi.waitFor(() => expect(opened.ids).not.toBe(before));
  expect(opened.parts?.indexOf(id(700_000))).toBe(700_000);
});

test('a list that is gone, or was ended, is opened again', async () => {
  const { opened, backend, again, orderBy } = place();
  orderBy(() => Promise.resolve({ total: 0, is_ended: true }));
  opened.show(long(1, 1_000_000, false), 'a');
  await vi.waitFor(() => expect(again).toHaveBeenCalledTimes(1));
  const ended = opened.ids;
  opened.show(long(2, 1_000_000, true), 'a');
  await vi.waitFor(() => expect(opened.ids).not.toBe(ended));
  const gone = { kind: 'trouble', code: 'LIST_GONE', sentence: 'Gone.', way_out: 'Open it again.' };
  backend.answers['lists.part'] = () => Promise.reject(gone);
  expect(await opened.parts?.reach(500_000)).toBeUndefined();
  expect(again).toHaveBeenCalledTimes(2);
});
