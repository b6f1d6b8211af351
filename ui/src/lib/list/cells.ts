/** Texts of a row's cells: the store gives codes, figures and times; here they become what a person reads. */
import type { ListRow } from '../../bindings/ListRow';
import type { Column } from '../grid/columns';
import { count, when, words } from '../format';

function shown(name: string, row: ListRow): string {
  const value = row.cells[name];
  if (value === undefined || value === '') return '';
  if (typeof value === 'boolean') return value ? 'yes' : '';
  if (typeof value === 'number') return name.endsWith('_at') ? (value === 0 ? '' : when(value)) : count(value);
  return value;
}

/** A column that shows a cell as it is. */
export function cellColumn(
  id: string,
  title: string,
  width: string,
  more: Partial<Column<ListRow>> = {},
): Column<ListRow> {
  return { id, title, width, text: (row) => shown(id, row), sortable: true, ...more };
}

/** A column of codes, shown as words. */
export function wordColumn(id: string, title: string, width: string): Column<ListRow> {
  return { id, title, width, text: (row) => words(shown(id, row)), sortable: true };
}

export const NUMBER: Column<ListRow> = { id: 'number', title: 'Number', width: '15ch', sortable: true };
export const TITLE: Column<ListRow> = {
  id: 'title',
  title: 'Title',
  width: 'minmax(28ch, 3fr)',
  text: ({ title }) => title,
  sortable: true,
};
export const STATE: Column<ListRow> = { id: 'state', title: 'State', width: 'minmax(18ch, 1fr)', sortable: true };
