/** Stopwatches of a rehearsal, by task: they go on while another page is looked at. */
import { SvelteMap } from 'svelte/reactivity';

const MINUTE_MS = 60_000;

const running = new SvelteMap<string, number>();

export function startedAt(task: string): number | undefined {
  return running.get(task);
}

export function start(task: string, now: number): void {
  running.set(task, now);
}

/** Stops it: whole minutes, a begun one counted; `undefined` if it did not run. */
export function stop(task: string, now: number): number | undefined {
  const from = running.get(task);
  running.delete(task);
  return from === undefined ? undefined : Math.max(1, Math.ceil((now - from) / MINUTE_MS));
}

export function forget(task: string): void {
  running.delete(task);
}
