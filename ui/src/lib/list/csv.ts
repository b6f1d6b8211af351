/** Rows as CSV (RFC 4180), with the columns that a list shows. */
import type { ListRow } from '../../bindings/ListRow';
import type { Column } from '../grid/columns';

/** What begins like a formula gets a quote before it: a spreadsheet would run it. */
function cell(text: string): string {
  const plain = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
}

function shown(row: ListRow, column: Column<ListRow>): string {
  if (column.id === 'state') return row.state;
  if (column.id === 'number') return String(row.cells.number ?? row.label);
  return column.text?.(row) ?? '';
}

export function csv(rows: readonly ListRow[], columns: readonly Column<ListRow>[]): string {
  const lines = [
    columns.map(({ title }) => cell(title)),
    ...rows.map((row) => columns.map((c) => cell(shown(row, c)))),
  ];
  return lines.map((line) => `${line.join(',')}\r\n`).join('');
}
