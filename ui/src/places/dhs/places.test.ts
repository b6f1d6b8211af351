import { expect, test } from 'vitest';
import { placesIn } from './places';

test('places are read one a line, empty lines and missing parts left out', () => {
  expect(placesIn(' Spares A/02/B/7 \n\nSpares B//2\n')).toEqual([
    { site: null, store: 'Spares A', aisle: '02', shelf: 'B', bin: '7' },
    { site: null, store: 'Spares B', aisle: '', shelf: '2', bin: '' },
  ]);
  expect(placesIn(' \n')).toEqual([]);
});
