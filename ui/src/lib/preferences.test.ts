import { describe, expect, it } from 'vitest';
import { readStored } from './preferences.svelte';

describe('what the window keeps about itself', () => {
  it.each([null, '', 'not json', 'null', '[]', '{"theme":"purple","density":3,"inspectorPx":"wide"}'])(
    '%j is read as the defaults',
    (text) => expect(readStored(text)).toMatchObject({ theme: 'system', density: 'compact', inspectorPx: 360 }),
  );

  it('keeps how the scanner was set, within bounds', () => {
    const stored = { scannerPrefix: '~~~~~~', scannerSuffix: '#', scannerEnd: 'tab' };
    expect(readStored(JSON.stringify(stored))).toMatchObject({ ...stored, scannerPrefix: '~~~~' });
    expect(readStored('{"scannerSuffix":7,"scannerEnd":"space"}')).toMatchObject({
      scannerPrefix: '',
      scannerSuffix: '',
      scannerEnd: 'either',
    });
  });

  it('never makes the inspector too narrow or too wide', () => {
    expect(readStored('{"inspectorPx":5}').inspectorPx).toBe(280);
    expect(readStored('{"inspectorPx":5000}').inspectorPx).toBe(720);
  });
});
