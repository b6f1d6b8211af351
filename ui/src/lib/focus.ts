/** Keeps the focus in a list when what had it goes away with an answer, and never takes it from where a person is. */
import { isText } from './actions/chord';

/** Whether nothing has the focus: what had it is gone. */
function isLost(): boolean {
  const active = document.activeElement;
  return active === null || active === document.body;
}

/** Call before the list is drawn anew: if the focus was in it and is lost by that, `refocus` gives it a new place. */
export function keepFocus(list: HTMLElement | undefined, refocus: () => void): void {
  // A closed sheet hands the focus back to an element that may be gone: the focus is then nowhere.
  if (!list || !(isLost() || list.contains(document.activeElement))) return;
  // Looked at again in the frame that takes it: until then a person may have gone to a field and begun to type.
  requestAnimationFrame(() => {
    if (isLost()) refocus();
  });
}

/** Gives a list that has just appeared the focus, unless somebody writes in a field meanwhile. */
export function takeFocus(focus: () => void): void {
  requestAnimationFrame(() => {
    if (!isText(document.activeElement)) focus();
  });
}
