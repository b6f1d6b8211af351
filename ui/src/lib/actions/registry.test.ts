import { describe, expect, it, vi } from 'vitest';
import { readable, spell } from './chord';
import { Registry } from './registry';

const at = { text: false, overlay: false };
const key = (name: string, more: KeyboardEventInit = {}) => new KeyboardEvent('keydown', { key: name, ...more });

describe('a chord', () => {
  it.each([
    [key('k', { ctrlKey: true }), 'mod+k'],
    [key('J'), 'j'],
    [key('?', { shiftKey: true }), '?'],
    [key('F6', { shiftKey: true }), 'shift+F6'],
    [key('ArrowLeft', { altKey: true }), 'alt+ArrowLeft'],
    [key('Shift', { shiftKey: true }), undefined],
  ])('is spelled once (%#)', (event, chord) => expect(spell(event)).toBe(chord));

  it.each([
    ['mod+k', 'Ctrl K'],
    ['g r', 'G then R'],
    ['shift+F6', 'Shift F6'],
    ['mod+Enter', 'Ctrl Enter'],
    ['/', '/'],
  ])('%s is shown as %s', (chord, shown) => expect(readable(chord)).toBe(shown));
});

describe('the registry', () => {
  it('lets the innermost action win a key and gives it back afterwards', () => {
    const registry = new Registry();
    const outer = vi.fn();
    const inner = vi.fn();
    registry.add({ id: 'outer', title: '', group: '', keys: ['e'], run: outer });
    const leave = registry.add({ id: 'inner', title: '', group: '', keys: ['e'], run: inner });
    registry.press(key('e'), at);
    leave();
    registry.press(key('e'), at);
    expect([inner.mock.calls.length, outer.mock.calls.length]).toEqual([1, 1]);
  });

  it('does not run what is not allowed, but takes its key', () => {
    const registry = new Registry();
    const run = vi.fn();
    registry.add({ id: 'advance', title: '', group: '', keys: ['mod+m'], why: () => 'two gates are open', run });
    expect(registry.press(key('m', { ctrlKey: true }), at)).toBe(true);
    expect(registry.run('advance')).toBe(false);
    expect(run).not.toHaveBeenCalled();
  });

  it('runs the second key alone when the sequence does not exist', () => {
    const registry = new Registry();
    const edit = vi.fn();
    registry.add(
      { id: 'go', title: '', group: '', keys: ['g r'], run: vi.fn() },
      { id: 'edit', title: '', group: '', keys: ['e'], run: edit },
    );
    expect(registry.press(key('g'), at)).toBe(true);
    expect(registry.press(key('e'), at)).toBe(true);
    expect(edit).toHaveBeenCalledOnce();
  });

  it('knows single keys neither in text nor when they are switched off; chords always', () => {
    const registry = new Registry();
    const run = vi.fn();
    registry.add({ id: 'help', title: '', group: '', keys: ['?', 'F1', 'mod+h'], run });
    expect(registry.press(key('?'), { ...at, text: true })).toBe(false);
    registry.singleKeys = false;
    expect(registry.press(key('?'), at)).toBe(false);
    expect(registry.press(key('F1'), { ...at, text: true })).toBe(true);
    expect(registry.press(key('h', { ctrlKey: true }), { ...at, text: true })).toBe(true);
    expect(run).toHaveBeenCalledTimes(2);
  });
});
