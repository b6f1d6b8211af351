/**
 * The ONE key listener. It hears every key before anything else does: first it tells a scanner's burst from typing, then it
 * asks the registry, then the key goes on to the element that has the focus. Printable keys are held for 50 ms and, once
 * they are known to be typed, played again in order; a scan reaches the scan handler and nothing else.
 */
import { Burst, HOLD_MS, type Judged, type Pressed, type ScannerMarks } from './burst';
import { isText } from './chord';
import type { Registry } from './registry';
import type { Scan } from './scan';

/** A timer that late means a busy window: keys may be waiting behind it, so the judgement waits once more. */
const LATE_MS = 15;
/** A scanner's own Enter may come late; outside text it is swallowed for this long after a scan. */
const LATE_END_MS = 120;
/** What stands between the elements of a GS1 code. */
const SEPARATOR = '\u001d';
/** What ends a line or a field inside of a code. */
const WITHIN = new Set(['\n', '\t']);

export interface KeyboardOptions {
  registry: Registry;
  scan: (scan: Scan) => void;
  /** A sheet or the palette is open: only its own keys and actions made for it. */
  overlay?: () => boolean;
  /** What is typed outside text; says whether somebody took it. */
  typed?: (key: string) => boolean;
  scanner?: Partial<ScannerMarks>;
  /** The clock of the events; tests give their own. */
  timeOf?: (event: Event) => number;
  now?: () => number;
}

interface Held extends Pressed {
  code: string;
  shiftKey: boolean;
}

export interface Keyboard {
  stop(): void;
  setScanner(marks: ScannerMarks): void;
}

export function listenToKeys(on: Window, options: KeyboardOptions): Keyboard {
  const timeOf = options.timeOf ?? ((event: Event) => event.timeStamp);
  const now = options.now ?? (() => performance.now());
  const burst = new Burst<Held>(options.scanner);
  const replayed = new WeakSet<Event>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let scannedAt = -Infinity;

  const focused = () => on.document.activeElement;
  const where = () => ({ text: isText(focused()), overlay: options.overlay?.() ?? false });

  function disarm(): void {
    clearTimeout(timer);
    timer = undefined;
  }

  function arm(lastAt: number, retry: boolean): void {
    disarm();
    timer = setTimeout(
      () => {
        timer = undefined;
        if (retry && now() - lastAt > HOLD_MS + LATE_MS) arm(lastAt, false);
        else settle(burst.pause());
      },
      retry ? HOLD_MS : LATE_MS,
    );
  }

  function settle(judged: Judged<Held>): boolean {
    if (judged.kind === 'typed') {
      judged.keys.forEach(replay);
      return false;
    }
    scannedAt = now();
    options.scan({ code: judged.code, target: focused() });
    return true;
  }

  function typed(): void {
    disarm();
    burst.flush().forEach(replay);
  }

  function replay({ key, code, shiftKey }: Held): void {
    // Typed, it is a shortcut that means nothing here.
    if (key === SEPARATOR || WITHIN.has(key)) return;
    const target = focused() ?? on.document.body;
    const { text, overlay } = where();
    // Space belongs to the button or row that has the focus.
    if (!text && !overlay && key !== ' ' && options.typed?.(key)) return;
    const again = new KeyboardEvent('keydown', {
      key,
      code,
      shiftKey,
      bubbles: true,
      cancelable: true,
      composed: true,
    });
    replayed.add(again);
    if (options.registry.press(again, where())) return;
    if (target.dispatchEvent(again)) act(target, key);
  }

  function swallow(event: Event): void {
    event.preventDefault();
    event.stopImmediatePropagation();
  }

  function onKeydown(event: KeyboardEvent): void {
    if (replayed.has(event)) return;
    // An input method or a dead key is composing: it is a person, and the text is not ours to hold.
    if (event.isComposing || event.key === 'Process' || event.key === 'Dead' || event.key === 'Unidentified')
      return typed();
    if (['Shift', 'CapsLock', 'AltGraph'].includes(event.key)) return;
    const at = timeOf(event);
    // Scanners send the group separator of GS1 as Ctrl ]: between keys of a burst it is part of the code.
    const separates = burst.holding && event.ctrlKey && !event.altKey && !event.metaKey && event.key === ']';
    const within = (event.key === 'Enter' || event.key === 'Tab') && burst.isWithin(event.key, at);
    if (isHeld(event) || separates || within) {
      swallow(event);
      const before = burst.press({
        key: separates ? SEPARATOR : within ? (event.key === 'Enter' ? '\n' : '\t') : event.key,
        code: event.code,
        shiftKey: event.shiftKey,
        at,
      });
      before.forEach(replay);
      arm(at, true);
      return;
    }
    const ends = (event.key === 'Enter' || event.key === 'Tab') && !event.ctrlKey && !event.metaKey && !event.altKey;
    if (ends) {
      disarm();
      const waiting = burst.holding;
      if (settle(burst.end(at))) return swallow(event);
      if (!waiting && now() - scannedAt < LATE_END_MS && !isText(focused())) return swallow(event);
    } else {
      typed();
    }
    if (options.registry.press(event, where())) swallow(event);
  }

  on.addEventListener('keydown', onKeydown, { capture: true });
  // What was held belongs to the element that had the focus: play it before the focus goes.
  on.addEventListener('pointerdown', typed, { capture: true });
  on.addEventListener('blur', typed);
  return {
    stop() {
      disarm();
      on.removeEventListener('keydown', onKeydown, { capture: true });
      on.removeEventListener('pointerdown', typed, { capture: true });
      on.removeEventListener('blur', typed);
    },
    setScanner(marks) {
      burst.marks = marks;
    },
  };
}

/** Dates and colours have a native editor whose keys nobody can play again; a held-down key repeats too evenly. */
const NATIVE_TYPES = new Set(['date', 'time', 'datetime-local', 'month', 'week', 'color', 'range']);

function isHeld(event: KeyboardEvent): boolean {
  if (event.key.length !== 1 || event.repeat) return false;
  const altGraph = event.getModifierState('AltGraph');
  if ((event.ctrlKey || event.altKey) && !altGraph) return false;
  if (event.metaKey) return false;
  return !(event.target instanceof HTMLInputElement && NATIVE_TYPES.has(event.target.type));
}

/** Does what the browser would have done with a printable key. */
function act(target: Element, key: string): void {
  if (isText(target)) return insertText(target, key);
  if (target instanceof HTMLSelectElement) return choose(target, key);
  const pressable =
    target instanceof HTMLButtonElement || target.matches('summary, input[type=checkbox], input[type=radio]');
  if (key === ' ' && pressable && target instanceof HTMLElement) target.click();
}

/** Writes into a text field as if typed: undo, selection and input events included. */
export function insertText(target: Element, text: string): void {
  // Deprecated, and still the only way that keeps the field's undo history.
  if (typeof document.execCommand === 'function' && document.execCommand('insertText', false, text)) return;
  if (!(target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement)) return;
  // Fields of type number and email have no selection: append.
  if (target.selectionStart === null) target.value += text;
  else target.setRangeText(text, target.selectionStart, target.selectionEnd ?? target.selectionStart, 'end');
  target.dispatchEvent(new InputEvent('input', { bubbles: true, data: text, inputType: 'insertText' }));
}

/** The next option that begins with the letter, as a select does by itself. */
function choose(select: HTMLSelectElement, key: string): void {
  const options = [...select.options];
  const from = select.selectedIndex + 1;
  const found = [...options.slice(from), ...options.slice(0, from)].find(
    (option) => !option.disabled && option.text.trim().toLowerCase().startsWith(key.toLowerCase()),
  );
  if (!found) return;
  select.value = found.value;
  select.dispatchEvent(new Event('input', { bubbles: true }));
  select.dispatchEvent(new Event('change', { bubbles: true }));
}
