import { describe, expect, it } from 'vitest';
import type { JobView } from '../bindings/JobView';
import { beside, percent, transfers } from './transfers.svelte';

describe('transfers', () => {
  it('names the file of the refused rows beside its source', () => {
    expect(beside('/data/cis.csv', 'refused')).toBe('/data/cis-refused.csv');
    expect(beside('/data/v1.2/export', 'refused')).toBe('/data/v1.2/export-refused');
    expect(beside('servers.xml', 'refused')).toBe('servers-refused.jsonl');
  });

  it('says how far a job is only where that is known', () => {
    expect(percent({ done: 5, of: 10 })).toBe(50);
    expect(percent({ done: 11, of: 10 })).toBe(100);
    expect(percent({ done: 5, of: 0 })).toBeUndefined();
  });

  it('keeps one entry for each job, the latest first', () => {
    const job = (id: string, state: JobView['state']) => ({ id, state }) as JobView;
    transfers.heard(job('a', 'running'));
    transfers.heard(job('b', 'running'));
    transfers.heard(job('a', 'done'));
    expect(transfers.jobs.map(({ id }) => id)).toEqual(['b', 'a']);
    expect(transfers.running.map(({ id }) => id)).toEqual(['b']);
  });
});
