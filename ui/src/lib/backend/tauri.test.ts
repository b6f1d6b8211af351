import { clearMocks, mockIPC } from '@tauri-apps/api/mocks';
import { afterEach, describe, expect, it } from 'vitest';
import { tauriBackend } from './tauri';

afterEach(() => clearMocks());

describe('the desktop backend', () => {
  it('sends every command through the one Tauri command', async () => {
    const seen: unknown[] = [];
    mockIPC((command, payload) => {
      seen.push([command, payload]);
      return { ids: ['a'] };
    });
    const answer = await tauriBackend.call('lists.open', { kind: 'release', filter: '' });
    expect(answer).toEqual({ ids: ['a'] });
    expect(seen).toEqual([['call', { name: 'lists.open', request: { kind: 'release', filter: '' } }]]);
  });

  it('hands a refusal on as it came', async () => {
    const refused = {
      kind: 'refused',
      findings: [{ code: 'NO_CHANGE', sentence: 'No change is attached.', way_out: 'Attach one.' }],
    };
    mockIPC(() => Promise.reject(refused));
    await expect(tauriBackend.call('releases.act', { release: 'REL-000001', action: 'advance' })).rejects.toEqual(
      refused,
    );
  });

  it('turns anything else into a trouble with a way out', async () => {
    mockIPC(() => Promise.reject(new Error('no such command')));
    await expect(tauriBackend.call('releases.act', { release: 'REL-000001', action: 'advance' })).rejects.toMatchObject(
      {
        kind: 'trouble',
        code: 'WINDOW_CALL_FAILED',
      },
    );
  });
});
