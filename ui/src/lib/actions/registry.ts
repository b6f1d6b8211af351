/**
 * Actions are named objects. The palette, the keymap, menus, help and buttons are views of this one list; an action exists
 * while the component that registered it does.
 */
import { SvelteMap } from 'svelte/reactivity';
import { readable, spell } from './chord';

export interface Action {
  id: string;
  title: string;
  /** Heading in the palette and the help. */
  group: string;
  /** Chords such as 'mod+k', 'j', 'g r', 'shift+F6'; the first one is shown. */
  keys?: string[];
  /** Other words to find it by. */
  aliases?: string[];
  /** False hides the action altogether. */
  when?: () => boolean;
  /** Why it is not allowed now; the action is shown with the reason and does not run. */
  why?: () => string | undefined;
  /** Works although a sheet or the palette is open. */
  overlay?: boolean;
  run: () => void;
}

/** Keys are pressed one after another within this time ("g" then "r"). */
export const SEQUENCE_MS = 1_000;

export class Registry {
  readonly #actions = new SvelteMap<symbol, Action>();
  #begun: { chord: string; at: number } | undefined;
  /** WCAG 2.1.4: keys that are a single character can be switched off. */
  singleKeys = true;

  /** Adds actions until the returned function is called. Later ones win the same key. */
  add(...actions: Action[]): () => void {
    const keys = actions.map((action) => {
      const key = Symbol(action.id);
      this.#actions.set(key, action);
      return key;
    });
    return () => {
      for (const key of keys) this.#actions.delete(key);
    };
  }

  /** What can be done here, each id once, the innermost first. */
  list(): Action[] {
    const seen = new Set<string>();
    return [...this.#actions.values()].reverse().filter((action) => {
      if (seen.has(action.id) || action.when?.() === false) return false;
      seen.add(action.id);
      return true;
    });
  }

  run(id: string): boolean {
    const action = this.list().find((one) => one.id === id);
    if (!action || action.why?.() !== undefined) return false;
    action.run();
    return true;
  }

  /** Runs the action of a key; true if there was one. `text`: the focus is where one writes. `overlay`: a sheet is open. */
  press(event: KeyboardEvent, where: { text: boolean; overlay: boolean }): boolean {
    const chord = spell(event);
    if (chord === undefined) return false;
    const single = !/^(mod|alt|F\d)/.test(chord) && event.key.length === 1;
    if (single && (where.text || !this.singleKeys)) return false;
    const begun = this.#begun && event.timeStamp - this.#begun.at < SEQUENCE_MS ? this.#begun.chord : undefined;
    this.#begun = undefined;
    const candidates = this.list().filter((action) => !where.overlay || action.overlay);
    const full = begun === undefined ? chord : `${begun} ${chord}`;
    const action = find(candidates, full) ?? (begun === undefined ? undefined : find(candidates, chord));
    if (action) {
      if (action.why?.() === undefined) action.run();
      return true;
    }
    if (candidates.some((one) => one.keys?.some((key) => key.startsWith(`${chord} `)))) {
      this.#begun = { chord, at: event.timeStamp };
      return true;
    }
    return false;
  }

  /** The key of an action as a person reads it. */
  shown(action: Action): string | undefined {
    const key = action.keys?.[0];
    return key === undefined ? undefined : readable(key);
  }
}

function find(actions: Action[], chord: string): Action | undefined {
  return actions.find((action) => action.keys?.includes(chord));
}

export const registry = new Registry();
