/** The sheet in which a list is exported as it is shown. */
import type { StartExportRequest } from '../bindings/StartExportRequest';
import type { Backend } from '../lib/backend/backend';
import { text } from '../lib/form/form';
import type { Sheets } from '../lib/form/sheets.svelte';
import { transfers } from './transfers.svelte';

type List = Omit<StartExportRequest, 'path' | 'format' | 'formulas'>;

export function exportSheet(
  { sheets, backend }: { sheets: Sheets; backend: Backend },
  label: string,
  list: List,
): void {
  const { filter = '' } = list;
  sheets.open({
    title: `Export ${label}`,
    note: `${filter === '' ? 'Every row' : `The rows that match “${filter}”`}, in this order and with these columns. It goes on in the background.`,
    fields: [
      {
        name: 'path',
        label: 'File',
        type: 'text',
        needed: true,
        hint: 'A path on this computer; a file that is there is replaced',
      },
      {
        name: 'format',
        label: 'Form',
        type: 'select',
        needed: true,
        options: [
          { value: 'csv', label: 'CSV, for spreadsheets' },
          { value: 'json', label: 'JSON, for programs' },
        ],
      },
      {
        name: 'guard',
        label: 'Put an apostrophe before cells that a spreadsheet would take for a formula (CSV)',
        type: 'check',
      },
    ],
    values: { format: 'csv', guard: true },
    confirm: 'Export',
    submit: async (values) => {
      const job = await backend.call('export.start', {
        ...list,
        path: text(values, 'path'),
        format: text(values, 'format'),
        formulas: values.guard !== true,
      });
      transfers.begun(job);
    },
    done: 'The export has begun',
  });
}
