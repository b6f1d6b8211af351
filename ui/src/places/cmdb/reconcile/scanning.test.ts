import { expect, test } from 'vitest';
import type { ScanAnswer } from '../../../bindings/ScanAnswer';
import { testBackend } from '../../../test/backend';
import { Scanning } from './scanning.svelte';

function scanner() {
  const asked: unknown[] = [];
  const backend = testBackend({
    'observations.scan': async (request: { code: string }): Promise<ScanAnswer> => {
      asked.push(request);
      await Promise.resolve();
      const refused = { kind: 'refused', findings: [{ code: 'X', sentence: 'No.', way_out: 'Again.', data: {} }] };
      if (request.code === 'bad') throw refused;
      return {
        outcome: request.code.startsWith('t') ? 'matches' : 'unknown',
        label: request.code,
        ci: null,
        candidates: [],
        differences: [],
        again: false,
        undo: { observation: request.code, seen_at: 7, before: null },
      };
    },
    'observations.undo_scan': (request: unknown) => {
      asked.push(request);
      return {};
    },
  });
  return { backend, asked, scanning: new Scanning() };
}

test('codes are dealt with one after the other, where one stands then', async () => {
  const { backend, asked, scanning } = scanner();
  void scanning.take(backend, 'SLIPWAY:RACK:B2');
  const [, last] = [scanning.take(backend, 't-1'), scanning.take(backend, 'q-2')];
  await last;
  expect(asked.map((one) => (one as { code: string }).code)).toEqual(['t-1', 'q-2']);
  expect(asked[0]).toMatchObject({ rack: 'B2', site: '', otherwise: 'asset_tag' });
  expect([scanning.total, scanning.counts.matches, scanning.counts.unknown]).toEqual([2, 1, 1]);
});

test('a printed code takes the last one back, until none is left', async () => {
  const { backend, asked, scanning } = scanner();
  await scanning.take(backend, 't-1');
  await scanning.take(backend, 'slipway:undo');
  expect(asked.at(-1)).toEqual({ observation: 't-1', seen_at: 7, before: null });
  expect([scanning.total, scanning.counts.matches]).toEqual([0, 0]);
  await scanning.undo(backend);
  expect(scanning.said).toEqual({ kind: 'told', what: 'No scan is left to take back' });
});

test('what is refused is said and not counted, and the next one goes on', async () => {
  const { backend, scanning } = scanner();
  await scanning.take(backend, 'bad');
  expect(scanning.said).toEqual({ kind: 'refused', why: 'No. Again.' });
  await scanning.take(backend, 't-1');
  expect([scanning.total, scanning.said?.kind]).toEqual([1, 'answer']);
});
