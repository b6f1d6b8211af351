/** Imports and exports: what is under way, and which of their sheets is open. */
import type { ImportKind } from '../bindings/ImportKind';
import type { JobView } from '../bindings/JobView';

/** What a file may hold, as a person chooses it. */
export const IMPORT_KINDS: { value: ImportKind; label: string }[] = [
  { value: 'cis', label: 'CIs' },
  { value: 'relations', label: 'Relations' },
  { value: 'changes', label: 'Changes' },
  { value: 'service_manager', label: 'Service Manager changes' },
  { value: 'netbox', label: 'NetBox' },
  { value: 'itop', label: 'iTop' },
  { value: 'snipe_it', label: 'Snipe-IT assets' },
  { value: 'observations', label: 'What was seen' },
  { value: 'ansible', label: 'What ansible saw' },
  { value: 'lshw', label: 'What lshw saw' },
  { value: 'models', label: 'Hardware models' },
];

export const JOB_STATES: Record<JobView['state'], string> = {
  running: 'under way',
  done: 'done',
  cancelled: 'cancelled',
  interrupted: 'interrupted',
  failed: 'failed',
};

/** How far a job is, from 0 to 100; nothing where that is not known. */
export function percent({ done, of }: Pick<JobView, 'done' | 'of'>): number | undefined {
  return of > 0 ? Math.min(100, Math.floor((done / of) * 100)) : undefined;
}

/** The path of a file beside another, with words put before its ending. */
export function beside(path: string, words: string): string {
  const ending = /\.[^./\\]*$/.exec(path)?.[0] ?? '';
  return `${path.slice(0, path.length - ending.length)}-${words}${ending === '.xml' ? '.jsonl' : ending}`;
}

class Transfers {
  /** The latest first. */
  jobs = $state.raw<JobView[]>([]);
  sheet = $state.raw<'import' | 'jobs' | undefined>(undefined);
  /** The job whose report the import sheet shows. */
  shown = $state.raw<string | undefined>(undefined);
  /** A file that was dropped on the window. */
  dropped = $state.raw<string | undefined>(undefined);

  get running(): JobView[] {
    return this.jobs.filter(({ state }) => state === 'running');
  }

  /** A job began, went on or ended. */
  heard(job: JobView): void {
    const known = this.jobs.some(({ id }) => id === job.id);
    this.jobs = known ? this.jobs.map((one) => (one.id === job.id ? job : one)) : [job, ...this.jobs];
  }

  /** The answer to its beginning: what was heard meanwhile is newer. */
  begun(job: JobView): void {
    if (!this.jobs.some(({ id }) => id === job.id)) this.heard(job);
  }

  openImport(path?: string): void {
    this.dropped = path;
    this.shown = undefined;
    this.sheet = 'import';
  }

  openReport(job: string): void {
    this.shown = job;
    this.sheet = 'import';
  }

  close(): void {
    this.sheet = undefined;
    this.dropped = undefined;
  }
}

export const transfers = new Transfers();
