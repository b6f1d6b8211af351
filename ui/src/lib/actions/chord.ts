/** One spelling of keys for the registry, the help and the buttons: 'mod+k', 'shift+F6', 'alt+ArrowLeft', '?', 'g r'. */

export const isMac = typeof navigator !== 'undefined' && /Mac|iPhone|iPad/.test(navigator.platform);

const MODIFIERS = new Set(['Shift', 'Control', 'Alt', 'Meta', 'AltGraph', 'CapsLock', 'NumLock', 'Fn']);

/** The chord of a key event; undefined for a modifier alone. */
export function spell(event: KeyboardEvent): string | undefined {
  if (MODIFIERS.has(event.key)) return undefined;
  const printable = event.key.length === 1;
  const mod = isMac ? event.metaKey : event.ctrlKey;
  const key = printable ? event.key.toLowerCase() : event.key;
  // Shift is already in a printable key ("?"), and layouts differ in where it is.
  return [mod && 'mod', event.altKey && 'alt', event.shiftKey && (!printable || mod) && 'shift', key]
    .filter(Boolean)
    .join('+');
}

const NAMES: Record<string, string> = {
  mod: isMac ? '⌘' : 'Ctrl',
  alt: isMac ? '⌥' : 'Alt',
  shift: isMac ? '⇧' : 'Shift',
  ArrowLeft: '←',
  ArrowRight: '→',
  ArrowUp: '↑',
  ArrowDown: '↓',
  Escape: 'Esc',
  ' ': 'Space',
};

/** A chord as a person reads it: 'Ctrl K', 'G then R'. */
export function readable(chord: string): string {
  return chord
    .split(/(?<=.) /)
    .map((part) =>
      part
        .split(/(?<=.)\+/)
        .map((key) => NAMES[key] ?? (key.length === 1 ? key.toUpperCase() : key))
        .join(' '),
    )
    .join(' then ');
}

const TEXT_TYPES = new Set(['text', 'search', 'email', 'url', 'tel', 'password', 'number']);

/** True where a person writes, so that letters are text and not commands. */
export function isText(element: Element | null): boolean {
  if (element instanceof HTMLInputElement)
    return TEXT_TYPES.has(element.type) && !element.readOnly && !element.disabled;
  if (element instanceof HTMLTextAreaElement) return !element.readOnly && !element.disabled;
  return element instanceof HTMLElement && element.isContentEditable === true;
}
