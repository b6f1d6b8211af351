/** The rows of a list for as long as its component lives. */
import { onDestroy } from 'svelte';
import type { Kind } from '../../bindings/Kind';
import type { ListRow } from '../../bindings/ListRow';
import { useWindow } from '../context';
import type { Rows } from '../live.svelte';

export function useRows(kinds: readonly Kind[], load: (ids: string[]) => Promise<ListRow[]>): Rows<ListRow> {
  const { live } = useWindow();
  const rows = live.rows(load, ({ id }) => id, kinds);
  onDestroy(() => live.release(rows));
  return rows;
}
