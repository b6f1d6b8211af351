/** Where one was in each list: filter, sort and row, so that coming back shows the same place again. */
import type { Kind } from '../../bindings/Kind';
import type { Sort } from '../grid/columns';

class ListMemory {
  filter = $state('');
  sort = $state.raw<Sort | undefined>(undefined);
  current = $state<string | undefined>(undefined);
}

const memories = new Map<Kind, ListMemory>();

export function memoryOf(kind: Kind): ListMemory {
  const known = memories.get(kind) ?? new ListMemory();
  memories.set(kind, known);
  return known;
}
