import { beforeEach, describe, expect, it, vi } from 'vitest';
import { parseAddress, pathOf, Router } from './router.svelte';

beforeEach(() => history.replaceState(null, '', '/'));

describe('an address', () => {
  it.each([
    ['/', { place: 'inbox' }],
    ['/nowhere', { place: 'inbox' }],
    ['/releases', { place: 'releases', record: undefined, tab: undefined }],
    ['/releases/REL-000123/readiness', { place: 'releases', record: 'REL-000123', tab: 'readiness' }],
    ['/cmdb/CI%2F1', { place: 'cmdb', record: 'CI/1', tab: undefined }],
  ])('%s is read', (path, address) => expect(parseAddress(path)).toEqual(address));

  it('is written as it is read', () => {
    expect(pathOf({ place: 'releases', record: 'REL-000123', tab: 'scope' })).toBe('/releases/REL-000123/scope');
    expect(pathOf(parseAddress('/cmdb/CI%2F1'))).toBe('/cmdb/CI%2F1');
  });
});

describe('the router', () => {
  it('goes, goes back, and brings the peeked record back', async () => {
    const router = new Router();
    router.go('/releases');
    router.look('REL-000007');
    router.go('/releases/REL-000007/scope');
    expect(router.peek).toBeUndefined();
    router.back();
    await vi.waitFor(() => expect(router.address).toEqual({ place: 'releases', record: undefined, tab: undefined }));
    expect(router.peek).toBe('REL-000007');
    router.forward();
    await vi.waitFor(() => expect(router.address.record).toBe('REL-000007'));
  });

  it('leaves a record for its list on up, then the inspector, then stays', () => {
    const router = new Router();
    router.go('/changes/CHG-000001');
    expect(router.up()).toBe(true);
    expect(router.path).toBe('/changes');
    router.look('CHG-000001');
    expect(router.up()).toBe(true);
    expect(router.peek).toBeUndefined();
    expect(router.up()).toBe(false);
  });

  it('does not fill the history with the same address', () => {
    const router = new Router();
    router.go('/releases');
    const before = history.length;
    router.go('/releases');
    expect(history.length).toBe(before);
  });
});
