/** Answers of the gate and the status bar. */
export interface ReadyState {
  person: { id: string; name: string; user: string; roles: string[] };
  workspace: string;
  server: string | null;
  device: string;
}

export type AppState =
  | { state: 'no_profile' }
  | {
      state: 'locked';
      reason: 'passphrase' | 'keychain' | 'locked' | 'newer' | 'damaged';
      sentence: string;
      way_out: string;
    }
  | ({ state: 'ready' } & ReadyState);

export interface SyncStatus {
  server: string | null;
  online: boolean;
  running: boolean;
  offline_since: number | null;
  last_sync_at: number | null;
  waiting: number;
  attention: number;
  sentence: string | null;
  way_out: string | null;
  sign_in_needed: boolean;
}
