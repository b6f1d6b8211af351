import { expect, test } from 'vitest';
import { numbered } from '../../test/answers';
import { csv } from './csv';

test('cells are quoted where they must be, and run nothing', () => {
  const row = numbered('ci', 'ci-1');
  const columns = ['plain', 'a "b", c', '=1+1', 'two\nlines'].map((text, at) => ({
    id: `c${at}`,
    title: `C${at}`,
    width: '1ch',
    text: () => text,
  }));
  expect(csv([row], columns)).toBe('C0,C1,C2,C3\r\nplain,"a ""b"", c",\'=1+1,"two\nlines"\r\n');
});
