/**
 * The border between the window and the application. Components know this interface only; which shell answers
 * (the desktop, a test) is decided in main.ts.
 */

import type { SyncStatus } from './types';

/** Names a record of any kind. */
export interface RecordRef {
  kind: string;
  id: string;
}

/** One reason why a rule refused, with the way out, both ready to be shown. */
export interface Finding {
  code: string;
  record?: RecordRef | null;
  sentence: string;
  way_out: string;
  data?: unknown;
}

/** A rule said no: nothing was changed, every reason is listed. */
export interface Refused {
  kind: 'refused';
  findings: Finding[];
}

/** Something broke (disk, network, keychain): what, why and the way out. */
export interface Trouble {
  kind: 'trouble';
  code: string;
  sentence: string;
  way_out: string;
}

/** What a call rejects with. The UI branches on kind and code only, never on sentences. */
export type CallError = Refused | Trouble;

/** Records that changed, by this window, another or a sync. An empty list of ids means any of these kinds. */
export interface Changed {
  kinds: string[];
  ids: string[];
}

export interface Events {
  changed: Changed;
  sync: SyncStatus;
  state: null;
}

export interface Backend {
  /** Runs one command of the application's list. Rejects with a CallError. */
  call<Response = unknown>(name: string, request?: unknown): Promise<Response>;
  /** Hears an event until the returned function is called. */
  on<Name extends keyof Events>(event: Name, handler: (payload: Events[Name]) => void): () => void;
}

/** Makes any rejection a CallError, so that a screen never meets a bare exception. */
export function asCallError(reason: unknown): CallError {
  if (typeof reason === 'object' && reason !== null && 'kind' in reason) {
    if (reason.kind === 'refused' && 'findings' in reason && Array.isArray(reason.findings)) return reason as Refused;
    if (reason.kind === 'trouble' && 'code' in reason && 'sentence' in reason) return reason as Trouble;
  }
  return {
    kind: 'trouble',
    code: 'WINDOW_CALL_FAILED',
    sentence: `The application did not answer as expected: ${reason instanceof Error ? reason.message : String(reason)}`,
    way_out: 'Try again. If it happens again, restart Slipway; nothing that was saved is lost.',
  };
}
