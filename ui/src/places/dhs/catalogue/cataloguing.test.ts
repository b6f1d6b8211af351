import { expect, test } from 'vitest';
import type { CatalogueAnswer } from '../../../bindings/CatalogueAnswer';
import { testBackend } from '../../../test/backend';
import { Cataloguing } from './cataloguing.svelte';

interface Asked {
  code?: string;
  model?: string;
  tag_of?: string;
  bin?: { store: string };
}

function answer(code: string): CatalogueAnswer {
  const nothing: CatalogueAnswer = {
    outcome: 'received',
    label: code,
    sentence: '',
    unit: null,
    model: null,
    own: null,
    candidates: [],
    undo: null,
  };
  if (code === 'SLIPWAY:UNDO') return { ...nothing, outcome: 'own', own: 'undo' };
  if (code.startsWith('SLIPWAY:PLACE'))
    return { ...nothing, outcome: 'own', own: { place: { store: 'B', aisle: '', shelf: '', bin: '' } } };
  if (code === 'part') return { ...nothing, outcome: 'model', model: { id: 'm1', label: 'Halden R740' } };
  if (code === 'there') return { ...nothing, outcome: 'elsewhere' };
  return { ...nothing, undo: { received: code } };
}

function scanner() {
  const asked: Asked[] = [];
  const undone: unknown[] = [];
  const backend = testBackend({
    'dhs.scan': async (request: Asked): Promise<CatalogueAnswer> => {
      asked.push(request);
      await Promise.resolve();
      const refused = { kind: 'refused', findings: [{ code: 'X', sentence: 'No.', way_out: 'Again.', data: {} }] };
      if (request.code === 'bad') throw refused;
      return answer(request.code ?? '');
    },
    'dhs.undo_scan': (request: unknown) => {
      undone.push(request);
      return {};
    },
  });
  return { backend, asked, undone, on: new Cataloguing() };
}

test('a burst of codes is dealt with in order and none is lost, whatever becomes of one', async () => {
  const { backend, asked, on } = scanner();
  const codes = Array.from({ length: 500 }, (_, at) => (at === 250 ? 'bad' : `s${at}`));
  await Promise.all(codes.map((code) => on.take(backend, code)));
  expect(asked.map(({ code }) => code)).toEqual(codes);
  expect([on.total, on.done, on.open, on.waiting]).toEqual([500, 499, 1, 0]);
});

test('place and model stay set for the scans behind them', async () => {
  const { backend, asked, on } = scanner();
  void on.take(backend, 'SLIPWAY:PLACE:B');
  void on.take(backend, 'part');
  await on.take(backend, 's1');
  expect(asked.at(-1)).toMatchObject({ code: 's1', model: 'm1', bin: { store: 'B' } });
});

test('the last scans are taken back one by one, by key or by a printed code', async () => {
  const { backend, undone, on } = scanner();
  for (const code of ['s1', 's2', 'SLIPWAY:UNDO']) await on.take(backend, code);
  await on.undo(backend);
  await on.undo(backend);
  expect(undone).toEqual([{ received: 's2' }, { received: 's1' }]);
  expect([on.done, on.last?.sentence]).toEqual([0, 'No scan is left to take back.']);
});

test('a known unit is put here only when that is asked for', async () => {
  const { backend, asked, on } = scanner();
  await on.take(backend, 'there');
  await on.takeIn(backend);
  expect(asked.map((one) => [one.code, (one as { take_in?: boolean }).take_in])).toEqual([
    ['there', false],
    ['there', true],
  ]);
});
