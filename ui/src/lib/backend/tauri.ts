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

  on(event, handler) {
    let stopped = false;
    const listening = listen<Parameters<typeof handler>[0]>(event, ({ payload }) => {
      if (!stopped) handler(payload);
    });
    return () => {
      stopped = true;
      void listening.then((stop) => stop());
    };
  },
};
