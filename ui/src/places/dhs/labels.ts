/** The sheet in which labels of units are written into a file. */
import type { LabelForm } from '../../bindings/LabelForm';
import type { Symbology } from '../../bindings/Symbology';
import type { WindowParts } from '../../lib/context';
import { number, text } from '../../lib/form/form';
import { counted } from '../../lib/format';

export const CODES: { value: Symbology; label: string }[] = [
  { value: 'qr', label: 'QR' },
  { value: 'data_matrix', label: 'Data Matrix' },
  { value: 'code128', label: 'Code 128' },
];
export const FORMS: { value: LabelForm; label: string }[] = [
  { value: 'pdf', label: 'PDF, for any printer' },
  { value: 'zpl', label: 'ZPL, for a label printer' },
];

/** Labels of these units, or of the command codes. */
export async function labelSheet({ sheets, backend }: WindowParts, units: string[], commands = false): Promise<void> {
  const known = await backend.call('dhs.sheets', null);
  sheets.open({
    title: commands ? 'Sheet of command codes' : `Labels of ${counted(units.length, 'unit')}`,
    note: commands
      ? 'With these codes both hands stay at the scanner. None of them approves, issues or disposes.'
      : 'The code is the asset tag where there is one, else the number.',
    fields: [
      {
        name: 'path',
        label: 'File',
        type: 'text',
        needed: true,
        hint: 'A path on this computer; one that is there is replaced',
      },
      { name: 'code', label: 'Code', type: 'select', options: CODES, needed: true },
      { name: 'form', label: 'Form', type: 'select', options: FORMS, needed: true },
      {
        name: 'sheet',
        label: 'Sheet',
        type: 'select',
        options: known.sheets.map(({ name, title }) => ({ value: name, label: title })),
        needed: true,
      },
      { name: 'first', label: 'First free label', type: 'number', hint: 'Of a sheet that was begun before' },
    ],
    values: { code: 'qr', form: 'pdf', sheet: known.sheets[0]?.name ?? '', first: 1 },
    confirm: 'Write the labels',
    submit: (values) =>
      backend.call('dhs.labels', {
        units,
        commands,
        code: text(values, 'code') as Symbology,
        form: text(values, 'form') as LabelForm,
        sheet: text(values, 'sheet'),
        first: Math.round(number(values, 'first') ?? 1),
        places: [],
        path: text(values, 'path'),
      }),
    done: 'Labels written',
  });
}
