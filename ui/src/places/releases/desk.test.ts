import { expect, it } from 'vitest';
import { differences } from './desk';

it('only what differs is edited, with what was seen', () => {
  const before = { title: 'Core switch', description: '', risk: null, impact: 'user' };
  expect(differences(before, { ...before })).toEqual([]);
  expect(differences(before, { ...before, title: 'Core switch refresh', risk: 'high' })).toEqual([
    { title: { from: 'Core switch', to: 'Core switch refresh' } },
    { risk: { from: null, to: 'high' } },
  ]);
});

it('an emptied text is empty, an emptied choice is none', () => {
  expect(differences({ description: 'long', impact: 'user' }, { description: null, impact: null })).toEqual([
    { description: { from: 'long', to: '' } },
    { impact: { from: 'user', to: null } },
  ]);
});
