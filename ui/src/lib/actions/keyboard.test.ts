import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { listenToKeys, type Keyboard } from './keyboard';
import { Registry } from './registry';
import type { Scan } from './scan';

let registry: Registry;
let keyboard: Keyboard;
let scans: Scan[];
let ran: string[];
let overlay: boolean;
let taken: string[] | undefined;

beforeEach(() => {
  vi.useFakeTimers();
  registry = new Registry();
  scans = [];
  ran = [];
  overlay = false;
  taken = undefined;
  keyboard = listenToKeys(window, {
    registry,
    scan: (scan) => scans.push(scan),
    overlay: () => overlay,
    typed: (key) => (taken?.push(key) ?? 0) > 0,
    timeOf: () => Date.now(),
    now: () => Date.now(),
  });
});

afterEach(() => {
  keyboard.stop();
  vi.useRealTimers();
  document.body.replaceChildren();
});

function action(id: string, ...keys: string[]): void {
  registry.add({ id, title: id, group: 'Test', keys, run: () => ran.push(id) });
}

function put<Tag extends keyof HTMLElementTagNameMap>(tag: Tag): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  document.body.append(element);
  element.focus();
  return element;
}

/** Presses one key; returns whether the browser would still act on it. */
function press(key: string, more: KeyboardEventInit = {}): boolean {
  const event = new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...more });
  return (document.activeElement ?? document.body).dispatchEvent(event);
}

function type(text: string, gapMs: number): void {
  for (const key of text) {
    press(key);
    vi.advanceTimersByTime(gapMs);
  }
}

const asPerson = (text: string) => type(text, 90);
const asScanner = (text: string) => type(text, 10);

describe('a separator between the elements of a code', () => {
  it('is part of the scan, and a shortcut that means nothing when typed', () => {
    asScanner('0104006');
    press(']', { ctrlKey: true });
    vi.advanceTimersByTime(10);
    asScanner('21X');
    press('Enter');
    expect(scans.map(({ code }) => code)).toEqual(['0104006\u001d21X']);
    const field = put('input');
    press('a');
    press(']', { ctrlKey: true });
    vi.advanceTimersByTime(200);
    expect(field.value).toBe('a');
  });
});

describe('typed as a person types', () => {
  it('a letter runs its action after the hold, once', () => {
    action('edit', 'e');
    press('e');
    expect(ran).toEqual([]);
    vi.advanceTimersByTime(60);
    expect(ran).toEqual(['edit']);
  });

  it('text arrives whole and in order, and letters stay text', () => {
    action('approve', 'a');
    const input = put('input');
    asPerson('a band');
    expect(input.value).toBe('a band');
    expect(ran).toEqual([]);
    expect(scans).toEqual([]);
  });

  it('a fast pair of letters is a sequence, not a scan', () => {
    action('releases', 'g r');
    type('gr', 20);
    vi.advanceTimersByTime(60);
    expect(ran).toEqual(['releases']);
  });

  it('keys that were held come before the Enter that follows', () => {
    const input = put('input');
    const seen: string[] = [];
    input.addEventListener('keydown', (event) => seen.push(`${event.key}:${input.value}`));
    press('o');
    vi.advanceTimersByTime(20);
    press('k');
    vi.advanceTimersByTime(20);
    expect(press('Enter')).toBe(true);
    expect(seen).toEqual(['o:', 'k:o', 'Enter:ok']);
  });

  it('Space presses the focused button', () => {
    const button = put('button');
    const clicked = vi.fn();
    button.addEventListener('click', clicked);
    press(' ');
    vi.advanceTimersByTime(60);
    expect(clicked).toHaveBeenCalledOnce();
  });

  it('a letter chooses in a select', () => {
    const select = put('select');
    select.append(new Option('hardware'), new Option('software'));
    press('s');
    vi.advanceTimersByTime(60);
    expect(select.value).toBe('software');
  });

  it('a click between gives the held keys to the field they were typed in', () => {
    const input = put('input');
    press('x');
    document.body.dispatchEvent(new Event('pointerdown', { bubbles: true }));
    expect(input.value).toBe('x');
  });

  it('a held-down key repeats at once and is no scan', () => {
    const seen = vi.fn();
    document.body.addEventListener('keydown', seen);
    press('j');
    for (let count = 0; count < 5; count++) {
      vi.advanceTimersByTime(30);
      press('j', { repeat: true });
    }
    vi.advanceTimersByTime(60);
    expect(seen).toHaveBeenCalledTimes(6);
    expect(scans).toEqual([]);
    document.body.removeEventListener('keydown', seen);
  });

  it('a composed character is left alone', () => {
    put('input');
    expect(press('Process', { isComposing: true })).toBe(true);
    expect(press('Dead')).toBe(true);
  });

  it('a chord goes on to the registry at once', () => {
    action('palette', 'mod+k');
    expect(press('k', { ctrlKey: true })).toBe(false);
    expect(ran).toEqual(['palette']);
  });

  it('only actions made for it run while a sheet is open', () => {
    action('next', 'j');
    registry.add({
      id: 'help',
      title: 'Help',
      group: 'Test',
      keys: ['F1'],
      overlay: true,
      run: () => ran.push('help'),
    });
    overlay = true;
    asPerson('j');
    press('F1');
    expect(ran).toEqual(['help']);
  });
});

describe('what is typed where somebody asked for it', () => {
  it('goes to them and runs no action of a single letter', () => {
    action('approve', 'a');
    taken = [];
    asPerson('A1');
    asPerson('a');
    expect(taken).toEqual(['A', '1', 'a']);
    expect(ran).toEqual([]);
  });

  it('but not from a text field, not Space, and not while a sheet is open', () => {
    taken = [];
    const button = put('button');
    const clicked = vi.fn();
    button.addEventListener('click', clicked);
    asPerson(' ');
    expect(clicked).toHaveBeenCalledOnce();
    const input = put('input');
    asPerson('x');
    expect(input.value).toBe('x');
    overlay = true;
    input.blur();
    asPerson('y');
    expect(taken).toEqual([]);
  });
});

describe('a scanner that ends with Tab', () => {
  it('may send Enter inside of a code, as a label of several lines has it', () => {
    keyboard.setScanner({ prefix: '', suffix: '', end: 'tab' });
    asScanner('SN1');
    press('Enter');
    vi.advanceTimersByTime(10);
    asScanner('PN2');
    expect(press('Tab')).toBe(false);
    expect(scans.map(({ code }) => code)).toEqual(['SN1\nPN2']);
  });
});

describe('typed as a scanner types', () => {
  it.each(['Enter', 'Tab'])('"A" and %s inside a serial number run nothing', (end) => {
    for (const key of 'abcdefghijklmnopqrstuvwxyz') action(`single ${key}`, key);
    action('open', 'Enter');
    const reached = vi.fn();
    put('div').addEventListener('keydown', reached);
    asScanner('A0091822');
    expect(press(end)).toBe(false);
    vi.advanceTimersByTime(200);
    expect(scans.map(({ code }) => code)).toEqual(['A0091822']);
    expect(ran).toEqual([]);
    expect(reached).not.toHaveBeenCalled();
  });

  it('a code without an end is complete after a pause', () => {
    asScanner('UNI-002211');
    expect(scans).toEqual([]);
    vi.advanceTimersByTime(50);
    expect(scans.map(({ code }) => code)).toEqual(['UNI-002211']);
  });

  it('an Enter that comes late opens nothing', () => {
    action('open', 'Enter');
    asScanner('UNI-002211');
    vi.advanceTimersByTime(60);
    expect(press('Enter')).toBe(false);
    expect(ran).toEqual([]);
    vi.advanceTimersByTime(200);
    press('Enter');
    expect(ran).toEqual(['open']);
  });

  it('in a text field nothing is typed and the form is not sent; the scan knows the field', () => {
    const input = put('input');
    asScanner('FCW2233L0QX');
    expect(press('Enter')).toBe(false);
    expect(input.value).toBe('');
    expect(scans).toEqual([{ code: 'FCW2233L0QX', target: input }]);
  });

  it('Shift between the keys of a code does not break it', () => {
    for (const key of 'FcW') {
      press('Shift', { shiftKey: true });
      press(key, { shiftKey: true });
      vi.advanceTimersByTime(8);
    }
    press('Enter');
    expect(scans.map(({ code }) => code)).toEqual(['FcW']);
  });

  it('two codes one after the other are two scans', () => {
    asScanner('AAA111');
    press('Enter');
    vi.advanceTimersByTime(10);
    asScanner('BBB222');
    press('Enter');
    expect(scans.map(({ code }) => code)).toEqual(['AAA111', 'BBB222']);
  });

  it('a busy window does not tear a code apart', () => {
    press('A');
    press('B');
    press('C');
    // The timer fires 80 ms late; the rest of the code waits behind it in the queue.
    vi.setSystemTime(Date.now() + 80);
    vi.advanceTimersByTime(HOLD);
    expect(scans).toEqual([]);
    vi.advanceTimersByTime(20);
    expect(scans.map(({ code }) => code)).toEqual(['ABC']);
  });
});

const HOLD = 50;
