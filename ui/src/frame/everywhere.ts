/** The actions that work everywhere in the open window. */
import type { Action } from '../lib/actions/registry';
import { preferences } from '../lib/preferences.svelte';
import { PLACES, type Router } from '../lib/router.svelte';
import { focusPane } from './panes';

interface Doings {
  palette: () => void;
  help: () => void;
  /** Left out where there is no server. */
  sync: (() => void) | undefined;
  lock: () => void;
  importFile: () => void;
  jobs: () => void;
}

export function everywhere(router: Router, { palette, help, sync, lock, importFile, jobs }: Doings): Action[] {
  const group = 'Everywhere';
  return [
    { id: 'palette', title: 'Search or do', group, keys: ['mod+k'], run: palette },
    { id: 'help', title: 'Show the keys', group, keys: ['?'], aliases: ['help', 'shortcuts'], run: help },
    { id: 'back', title: 'Back', group, keys: ['alt+ArrowLeft'], run: () => router.back() },
    { id: 'forward', title: 'Forward', group, keys: ['alt+ArrowRight'], run: () => router.forward() },
    { id: 'up', title: 'Close the record', group, keys: ['Escape'], run: () => void router.up() },
    { id: 'pane.next', title: 'Next pane', group, keys: ['F6'], run: () => focusPane(1) },
    { id: 'pane.previous', title: 'Previous pane', group, keys: ['shift+F6'], run: () => focusPane(-1) },
    ...(sync ? [{ id: 'sync', title: 'Sync now', group, keys: ['F8'], run: sync }] : []),
    {
      id: 'import',
      title: 'Import from a file',
      group,
      aliases: ['csv', 'netbox', 'itop', 'snipe-it'],
      run: importFile,
    },
    {
      id: 'scan',
      title: 'Catalogue with the scanner',
      group,
      keys: ['F9'],
      run: () => router.go({ place: 'dhs', record: 'catalogue' }),
    },
    { id: 'jobs', title: 'Show imports and exports', group, aliases: ['jobs', 'progress'], run: jobs },
    { id: 'lock', title: 'Lock Slipway', group, run: lock },
    ...PLACES.map(({ place, title, number, letter }) => ({
      id: `go.${place}`,
      title: `Go to ${title}`,
      group: 'Places',
      keys: [`mod+${number}`, `g ${letter}`],
      run: () => router.go({ place }),
    })),
    ...(['compact', 'comfortable'] as const).map((density) => ({
      id: `density.${density}`,
      title: density === 'compact' ? 'Compact rows' : 'Comfortable rows',
      group: 'This window',
      aliases: ['density'],
      run: () => preferences.set({ density }),
    })),
  ];
}
