/** F6: from pane to pane, each with the focus where it was. */

const lastIn = new WeakMap<Element, HTMLElement>();

function panes(): HTMLElement[] {
  return [...document.querySelectorAll<HTMLElement>('[data-pane]')].filter((pane) => pane.checkVisibility?.() ?? true);
}

const FOCUSABLE =
  '[role=gridcell][tabindex="0"], [role=columnheader][tabindex="0"], a[href], button:not([disabled]), input, select, textarea, [tabindex="0"]';

export function rememberFocus(event: FocusEvent): void {
  if (!(event.target instanceof HTMLElement)) return;
  const pane = event.target.closest('[data-pane]');
  if (pane && pane !== event.target) lastIn.set(pane, event.target);
}

/** Moves the focus to the next pane (1) or the one before (-1). */
export function focusPane(step: 1 | -1): void {
  const all = panes();
  if (all.length === 0) return;
  const at = all.findIndex((pane) => pane.contains(document.activeElement));
  const pane = all[(at + step + all.length) % all.length];
  if (!pane) return;
  const last = lastIn.get(pane);
  const inside = last && pane.contains(last) ? last : pane.querySelector<HTMLElement>(FOCUSABLE);
  (inside ?? pane).focus();
}

/** The main pane, as the skip link does. */
export function focusMain(): void {
  const main = document.querySelector<HTMLElement>('main');
  (main?.querySelector<HTMLElement>('[role=gridcell][tabindex="0"]') ?? main)?.focus();
}
