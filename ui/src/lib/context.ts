/** What every part of the window may ask for: the application behind the border, its live answers, where one is. */
import { createContext } from 'svelte';
import type { Backend } from './backend/backend';
import type { Live } from './live.svelte';
import type { Router } from './router.svelte';

export interface Window {
  backend: Backend;
  live: Live;
  router: Router;
}

export const [useWindow, setWindow] = createContext<Window>();
