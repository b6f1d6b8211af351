/** Short words about something that was just done. A refusal is never a toast: it stays on its record. */

export interface Toast {
  id: number;
  text: string;
  hue: 'ok' | 'bad' | 'info';
  /** Said in the button, such as Undo. */
  action?: { title: string; run: () => void };
}

const SHOWN_MS = 6_000;
const SHOWN_MOST = 3;

class Toasts {
  list = $state.raw<Toast[]>([]);
  #next = 1;

  say(text: string, hue: Toast['hue'] = 'ok', action?: Toast['action']): void {
    const toast = { id: this.#next++, text, hue, action };
    this.list = [...this.list, toast].slice(-SHOWN_MOST);
    // Bad news stays until it is closed.
    if (hue !== 'bad') setTimeout(() => this.close(toast.id), SHOWN_MS);
  }

  close(id: number): void {
    this.list = this.list.filter((toast) => toast.id !== id);
  }
}

export const toasts = new Toasts();
