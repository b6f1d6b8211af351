/** The desktop shell. The only file that may import Tauri. */
import { invoke } from '@tauri-apps/api/core';
import { listen } from '@tauri-apps/api/event';
import { asCallError, type Backend, type Events } from './backend';

export function tauriBackend(): Backend {
  return {
    async call<Response>(name: string, request: unknown = null): Promise<Response> {
      try {
        return await invoke<Response>('call', { name, request });
      } catch (reason) {
        throw asCallError(reason);
      }
    },

    on<Name extends keyof Events>(event: Name, handler: (payload: Events[Name]) => void): () => void {
      let stopped = false;
      const listening = listen<Events[Name]>(event, ({ payload }) => {
        if (!stopped) handler(payload);
      });
      return () => {
        stopped = true;
        void listening.then((stop) => stop());
      };
    },
  };
}
