/** Photos of hardware: of a model, and of what nobody knew in a stocktake. */
import { cleanup, fireEvent, render, screen, waitFor, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, expect, it } from 'vitest';
import App from '../../App.svelte';
import type { ModelPage } from '../../bindings/ModelPage';
import type { StocktakeLine } from '../../bindings/StocktakeLine';
import type { StocktakePage } from '../../bindings/StocktakePage';
import { problems } from '../../test/axe';
import { a_workspace } from '../../test/answers';
import type { Answers, TestBackend } from '../../test/backend';
import { ANNA, NOW, QUIET } from '../../test/world';

const PLACE = { site: null, store: 'Spares A', aisle: '', shelf: '', bin: '' };

const MODEL: ModelPage = {
  model: { id: 'm1', manufacturer: 'Halden', name: 'R740', part_numbers: ['H-740'], height_tenth_u: 10 },
  path: '/dhs/models/m1',
  stores: [],
  ports: [],
  draw_w: 0,
  units: [],
  units_total: 0,
  bins: [],
  edit_denied: [],
};

const LINE: StocktakeLine = {
  id: 's1',
  unit: null,
  label: 'NO-LABEL-7',
  finding: 'unknown',
  pill: { label: 'unknown', hue: 'bad' },
  recorded: '',
  seen: 'Spares A',
  times: 1,
  by: { id: ANNA.id, label: ANNA.name },
  at: NOW,
};

const STOCKTAKE: StocktakePage = {
  stocktake: { id: 't1', title: 'Week 48', place: PLACE, state: 'counting', by: ANNA.id, at: NOW, note: '' },
  place: 'Spares A',
  pill: { label: 'counting', hue: 'neutral' },
  counts: [],
  twice: 0,
  lines: [LINE, { ...LINE, id: 's2', label: 'S2', finding: 'found' }],
  total: 2,
  bins: [],
  bins_total: 0,
  people: [],
  may_settle: true,
  sync: QUIET,
};

let backend: TestBackend;

function open(address: string, more: Answers): void {
  history.replaceState(null, '', address);
  backend = a_workspace({
    'photos.list': () => ({ photos: [], limit: 40, against_adding: null }),
    'photos.add': () => ({}),
    ...more,
  });
  render(App, { props: { backend } });
}

const called = (name: string) => backend.calls.filter((call) => call.name === name).map(({ request }) => request);

async function add(): Promise<void> {
  const file = new File([new Uint8Array([255, 216, 255])], 'front.jpg', { type: 'image/jpeg' });
  await fireEvent.change(await screen.findByLabelText('Photos to add'), { target: { files: [file] } });
}

beforeEach(() => localStorage.clear());
afterEach(cleanup);

it('shows and takes photos of a model', async () => {
  open('/dhs/models/m1', { 'dhs.model': () => MODEL });
  await within(await screen.findByRole('region', { name: 'Photos' })).findByText(/No photos yet/);
  expect(called('photos.list')).toEqual([{ model: 'm1' }]);
  await add();
  await waitFor(() => expect(called('photos.add')).toEqual([{ model: 'm1', data: '/9j/', file_name: 'front.jpg' }]));
  expect(await problems()).toEqual([]);
});

it('shows and takes photos of what nobody knew in a stocktake, and of nothing else there', async () => {
  open('/dhs/stocktakes/t1', { 'stocktakes.get': () => STOCKTAKE });
  const button = await screen.findByRole('button', { name: 'Photos of NO-LABEL-7' });
  expect(screen.queryByRole('button', { name: 'Photos of S2' })).toBeNull();
  expect(screen.getByLabelText('Picture with a code')).toBeTruthy();
  await userEvent.click(button);
  await screen.findByRole('region', { name: 'Photos of NO-LABEL-7' });
  expect(screen.queryByLabelText('Picture with a code')).toBeNull();
  await add();
  await waitFor(() => expect(called('photos.add')).toEqual([{ sight: 's1', data: '/9j/', file_name: 'front.jpg' }]));
  expect(await problems()).toEqual([]);
  await userEvent.click(button);
  expect(screen.queryByRole('region', { name: 'Photos of NO-LABEL-7' })).toBeNull();
});
