/**
 * The border between the window and the application. Components know this interface only; which shell answers
 * (the desktop, a test) is decided in main.ts. The names, requests and answers are generated from the list of commands.
 */
import type { CallError } from '../../bindings/CallError';
import type { Commands, Events } from '../../bindings/commands';

export type Name = keyof Commands;
export type Request<N extends Name> = Commands[N]['request'];
export type Response<N extends Name> = Commands[N]['response'];

export interface Backend {
  /** Runs one command of the application's list. Rejects with a CallError. */
  call<N extends Name>(name: N, request: Request<N>): Promise<Response<N>>;
  /** Hears an event until the returned function is called; `listening` is told from when on none is missed. */
  on<E extends keyof Events>(event: E, handler: (payload: Events[E]) => void, listening?: () => void): () => void;
  /** Hears of files that are dropped on the window, by their paths, until the returned function is called. */
  onDrop?(handler: (paths: string[]) => void): () => void;
}

/** Makes any rejection a CallError, so that a screen never meets a bare exception. */
export function asCallError(reason: unknown): CallError {
  if (typeof reason === 'object' && reason !== null && 'kind' in reason) {
    if (reason.kind === 'refused' && 'findings' in reason && Array.isArray(reason.findings)) return reason as CallError;
    if (reason.kind === 'trouble' && 'code' in reason && 'sentence' in reason) return reason as CallError;
  }
  return {
    kind: 'trouble',
    code: 'WINDOW_CALL_FAILED',
    sentence: `The application did not answer as expected: ${reason instanceof Error ? reason.message : String(reason)}`,
    way_out: 'Try again. If it happens again, restart Slipway; nothing that was saved is lost.',
  };
}
