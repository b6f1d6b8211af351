/** Work on many records in steps of what one command takes, with progress and a way to stop. */
import type { CallError } from '../bindings/CallError';
import { asCallError } from './backend/backend';

/** Records in one step. */
const STEP = 500;

export class Steps {
  done = $state(0);
  of = $state(0);
  running = $state(false);
  /** Why it ended early: what was not reached is as it was. */
  error = $state.raw<CallError>();
  stopped = false;

  stop = (): void => {
    this.stopped = true;
  };

  /** Takes one step after the other, until all are taken, one fails or somebody stops it. */
  async run(ids: readonly string[], step: (part: string[]) => Promise<void>): Promise<void> {
    this.running = true;
    this.stopped = false;
    this.done = 0;
    this.of = ids.length;
    this.error = undefined;
    try {
      for (let at = 0; at < ids.length && !this.stopped; at += STEP) {
        await step(ids.slice(at, at + STEP));
        this.done = Math.min(ids.length, at + STEP);
      }
    } catch (reason) {
      this.error = asCallError(reason);
    }
    this.running = false;
  }
}
