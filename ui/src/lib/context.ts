/** What every part of the window may ask for: the application behind the border, its live answers, where one is, sheets. */
import { createContext } from 'svelte';
import type { Backend } from './backend/backend';
import type { Sheets } from './form/sheets.svelte';
import type { Live } from './live.svelte';
import type { Router } from './router.svelte';

export interface WindowParts {
  backend: Backend;
  live: Live;
  router: Router;
  sheets: Sheets;
}

export const [useWindow, setWindow] = createContext<WindowParts>();
