/**
 * How this window looks on this computer: pane widths and how its scanner was set are its own; theme, density and single keys
 * are the person's settings, kept here as well so that the first paint is right before the profile is open.
 */

import type { Density } from '../bindings/Density';
import type { Settings } from '../bindings/Settings';
import type { Theme } from '../bindings/Theme';
import type { ScannerEnd, ScannerMarks } from './actions/burst';

interface Stored {
  theme: Theme;
  density: Density;
  singleKeys: boolean;
  navCollapsed: boolean;
  inspectorPx: number;
  scannerPrefix: string;
  scannerSuffix: string;
  scannerEnd: ScannerEnd;
}

const KEY = 'slipway.window';
const INSPECTOR_LEAST_PX = 280;
const INSPECTOR_MOST_PX = 720;
const MARK_LENGTH_MOST = 4;

const DEFAULTS: Stored = {
  theme: 'system',
  density: 'compact',
  singleKeys: true,
  navCollapsed: false,
  inspectorPx: 360,
  scannerPrefix: '',
  scannerSuffix: '',
  scannerEnd: 'either',
};

/** A damaged entry is a default, never a failure. */
export function readStored(text: string | null): Stored {
  let raw: unknown;
  try {
    raw = JSON.parse(text ?? '{}');
  } catch {
    return DEFAULTS;
  }
  if (typeof raw !== 'object' || raw === null) return DEFAULTS;
  const from = raw as Partial<Record<keyof Stored, unknown>>;
  return {
    theme: from.theme === 'light' || from.theme === 'dark' ? from.theme : DEFAULTS.theme,
    density: from.density === 'comfortable' ? from.density : DEFAULTS.density,
    singleKeys: from.singleKeys !== false,
    navCollapsed: from.navCollapsed === true,
    inspectorPx: typeof from.inspectorPx === 'number' ? clampInspector(from.inspectorPx) : DEFAULTS.inspectorPx,
    scannerPrefix: mark(from.scannerPrefix),
    scannerSuffix: mark(from.scannerSuffix),
    scannerEnd: from.scannerEnd === 'enter' || from.scannerEnd === 'tab' ? from.scannerEnd : DEFAULTS.scannerEnd,
  };
}

function mark(text: unknown): string {
  return typeof text === 'string' ? text.slice(0, MARK_LENGTH_MOST) : '';
}

function clampInspector(px: number): number {
  return Math.min(INSPECTOR_MOST_PX, Math.max(INSPECTOR_LEAST_PX, Math.round(px)));
}

class Preferences {
  #stored = $state.raw(readStored(localStorage.getItem(KEY)));

  get theme() {
    return this.#stored.theme;
  }
  get density() {
    return this.#stored.density;
  }
  get singleKeys() {
    return this.#stored.singleKeys;
  }
  get navCollapsed() {
    return this.#stored.navCollapsed;
  }
  get inspectorPx() {
    return this.#stored.inspectorPx;
  }
  /** How the scanner of this laptop was set. */
  get scanner(): ScannerMarks {
    const { scannerPrefix: prefix, scannerSuffix: suffix, scannerEnd: end } = this.#stored;
    return { prefix, suffix, end };
  }

  /** Takes over what the person has set. */
  follow({ theme, density, single_letter_keys }: Settings): void {
    this.set({ theme, density, singleKeys: single_letter_keys });
  }

  set(change: Partial<Stored>): void {
    this.#stored = readStored(JSON.stringify({ ...this.#stored, ...change }));
    try {
      localStorage.setItem(KEY, JSON.stringify(this.#stored));
    } catch {
      // A full or forbidden storage loses only how the window looks next time.
    }
  }
}

export const preferences = new Preferences();
