/** Calls over loopback, for the stage only: whoever answers there runs the application's commands. */
import { asCallError, type Backend, type Name, type Request, type Response } from '../../lib/backend/backend';

export function bridgeBackend(address: string): Backend {
  let changed: (() => void) | undefined;
  return {
    async call<N extends Name>(name: N, request: Request<N>): Promise<Response<N>> {
      const answer = await fetch(address, { method: 'POST', body: JSON.stringify({ name, request }) });
      const body: unknown = await answer.json();
      if (!answer.ok) throw asCallError(body);
      // No events cross here: what was done is asked again at once.
      if (/\.(act|create|put|add|submit|receive|now|seen|discard|send_again)$|^issue$/.test(name))
        setTimeout(() => changed?.());
      return body as Response<N>;
    },
    on(event, handler) {
      if (event !== 'sync') return () => {};
      let turn = 0;
      changed = () => {
        turn += 1;
        void this.call('sync.status', null).then((status) => handler({ ...status, last_sync_at: turn } as never));
      };
      return () => (changed = undefined);
    },
  };
}
