/** Places of a store as they are typed: one a line, their parts between slashes. A label names no site: one stands there. */
import type { Bin } from '../../bindings/Bin';

export function placesIn(typed: string): Bin[] {
  return typed
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map((line) => {
      const [store = '', aisle = '', shelf = '', bin = ''] = line.split('/').map((part) => part.trim());
      return { site: null, store, aisle, shelf, bin };
    });
}
