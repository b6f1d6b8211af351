/** Calls over loopback, for the stage only: whoever answers there runs the application's commands. */
import type { SyncStatus } from '../../bindings/SyncStatus';
import { asCallError, type Backend, type Name, type Request, type Response } from '../../lib/backend/backend';

export function bridgeBackend(address: string): Backend {
  const hearers = new Set<(status: SyncStatus) => void>();
  let turn = 0;
  /** No events cross here: after something was done everything is asked again. */
  async function tell(): Promise<void> {
    turn += 1;
    const status = await backend.call('sync.status', null);
    for (const hear of hearers) hear({ ...status, last_sync_at: turn });
  }
  const backend: Backend = {
    async call<N extends Name>(name: N, request: Request<N>): Promise<Response<N>> {
      const answer = await fetch(address, { method: 'POST', body: JSON.stringify({ name, request }) });
      const body: unknown = await answer.json();
      if (!answer.ok) throw asCallError(body);
      if (/\.(act|create|put|add|submit|receive|now|seen|discard|send_again)$|^issue$/.test(name)) void tell();
      return body as Response<N>;
    },
    on(event, handler, listening) {
      listening?.();
      if (event !== 'sync') return () => {};
      const hear = handler as unknown as (status: SyncStatus) => void;
      hearers.add(hear);
      return () => hearers.delete(hear);
    },
  };
  return backend;
}
