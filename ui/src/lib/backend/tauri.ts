/** The desktop shell. The only file that may import Tauri. */
import { invoke } from '@tauri-apps/api/core';
import { listen } from '@tauri-apps/api/event';
import { asCallError, type Backend } from './backend';

export const tauriBackend: Backend = {
  async call(name, request) {
    try {
      return await invoke('call', { name, request });
    } catch (reason) {
      throw asCallError(reason);
    }
  },

  on(event, handler, listening) {
    let stopped = false;
    const registered = listen<Parameters<typeof handler>[0]>(event, ({ payload }) => {
      if (!stopped) handler(payload);
    });
    void registered.then(() => listening?.());
    return () => {
      stopped = true;
      void registered.then((stop) => stop());
    };
  },

  onDrop(handler) {
    const registered = listen<{ paths: string[] }>('tauri://drag-drop', ({ payload }) => {
      if (payload.paths.length > 0) handler(payload.paths);
    });
    return () => void registered.then((stop) => stop());
  },
};
