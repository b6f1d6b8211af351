import { describe, expect, it } from 'vitest';
import { readStored } from './preferences.svelte';

describe('what the window keeps about itself', () => {
  it.each([null, '', 'not json', 'null', '[]', '{"theme":"purple","density":3,"inspectorPx":"wide"}'])(
    '%j is read as the defaults',
    (text) => expect(readStored(text)).toMatchObject({ theme: 'system', density: 'compact', inspectorPx: 360 }),
  );

  it('never makes the inspector too narrow or too wide', () => {
    expect(readStored('{"inspectorPx":5}').inspectorPx).toBe(280);
    expect(readStored('{"inspectorPx":5000}').inspectorPx).toBe(720);
  });
});
