import { expect, test } from 'vitest';
import { replaced, split } from './filter';

test.each([
  ['clas:x', 0, 4, 'class', 'class:x', 5],
  ['web sta', 4, 7, 'status:', 'web status:', 11],
  ['status:in_ web', 7, 10, 'in_use ', 'status:in_use web', 14],
  ['🦀 cl', 2, 4, 'class:', '🦀 class:', 9],
])('%s is completed', (text, from, to, insert, expected, caret) => {
  expect(replaced(text, from, to, insert)).toEqual({ text: expected, caret });
});

test('what is wrong is cut out by characters', () => {
  expect(split('🦀 clas:x', 2, 4)).toEqual({ before: '🦀 ', wrong: 'clas' });
  expect(split('status:', 7, 1)).toEqual({ before: 'status:', wrong: '' });
});
