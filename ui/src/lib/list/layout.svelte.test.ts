import { expect, test } from 'vitest';
import { laidOut, moved, placed, readLayout } from './layout.svelte';

const COLUMNS = ['number', 'name', 'class'].map((id) => ({ id, title: id, width: '10ch' }));

test('columns come in the order and width they were given', () => {
  const layout = [
    { id: 'class', shown: true, widthCh: 30 },
    { id: 'gone', shown: true },
    { id: 'number', shown: false },
  ];
  expect(laidOut(COLUMNS, layout).map(({ id, width }) => `${id} ${width}`)).toEqual(['class 30ch', 'name 10ch']);
});

test('a list never has no columns', () => {
  expect(
    laidOut(
      COLUMNS,
      COLUMNS.map(({ id }) => ({ id, shown: false })),
    ),
  ).toHaveLength(3);
});

test('a column moves, but not beyond the ends', () => {
  const layout = placed(COLUMNS, []);
  expect(moved(layout, 'number', 1).map(({ id }) => id)).toEqual(['name', 'number', 'class']);
  expect(moved(layout, 'class', 5).map(({ id }) => id)).toEqual(['number', 'name', 'class']);
});

test.each([null, 'nonsense', '[]', '{"columns":[null,{"id":3}],"views":[{"name":"x"},null]}'])(
  '%s is a default',
  (text) => {
    expect(readLayout(text)).toEqual({ columns: [], views: [] });
  },
);

test('what was kept is read again', () => {
  const stored = {
    columns: [{ id: 'name', shown: true, widthCh: 20 }],
    views: [{ name: 'Old', filter: 'version<9', sort: { column: 'name', descending: true }, columns: [] }],
  };
  expect(readLayout(JSON.stringify(stored))).toEqual(stored);
  expect(readLayout('{"columns":[{"id":"a","widthCh":9999}]}').columns).toEqual([
    { id: 'a', shown: true, widthCh: 80 },
  ]);
});
