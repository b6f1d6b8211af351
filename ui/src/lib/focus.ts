/** Keeps the focus in a list when what had it goes away with an answer. */
import { tick } from 'svelte';

/** Call before the list is drawn anew: if the focus was in it and is lost by that, `refocus` gives it a new place. */
export function keepFocus(list: HTMLElement | undefined, refocus: () => void): void {
  const active = document.activeElement;
  // A closed sheet hands the focus back to an element that may be gone: the focus is then nowhere.
  const lost = active === null || active === document.body;
  if (!list || !(lost || list.contains(active))) return;
  void tick().then(() => {
    if (document.activeElement === null || document.activeElement === document.body) refocus();
  });
}
