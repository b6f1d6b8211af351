/** Notes of a CI: Markdown is drawn, HTML in it is not, and no link leads anywhere but into the system's browser. */
import { cleanup, render, screen, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { afterEach, expect, it } from 'vitest';
import App from '../App.svelte';
import { addressOf } from '../lib/markdown/markdown';
import { a_workspace } from './answers';
import { problems } from './axe';
import { a_ci_page } from './kept';

afterEach(() => cleanup());

async function notes(text: string) {
  history.replaceState(null, '', '/cmdb/CI-0091822');
  const page = a_ci_page();
  const opened: string[] = [];
  const backend = a_workspace({
    'cmdb.get': () => ({ ...page, ci: { ...page.ci, notes: text } }),
    'links.open': ({ url }: { url: string }) => {
      opened.push(url);
      return null;
    },
  });
  render(App, { props: { backend } });
  const section = await screen.findByRole('region', { name: 'Notes' });
  return { section, opened };
}

it('draws what notes say', async () => {
  const { section } = await notes(
    '# Power\n\nFed by **both** rails, `pdu-a` first.\n\n1. off\n2. on\n\n| rail | A |\n|---|---|\n| a | 16 |\n\n- [x] labelled',
  );
  expect(within(section).getByRole('heading', { name: 'Power' })).toBeTruthy();
  expect(within(section).getByText('both').tagName).toBe('STRONG');
  expect(within(section).getAllByRole('listitem').length).toBe(3);
  expect(within(section).getByRole('columnheader', { name: 'rail' })).toBeTruthy();
  expect(await problems(section)).toEqual([]);
});

it('shows HTML as it was written and runs nothing of it', async () => {
  const { section } = await notes(
    '<img src=x onerror="alert(1)">\n\n<script>alert(2)</script>\n\n![plan](https://example.org/plan.png) <b>bold</b>',
  );
  expect(section.querySelector('img, script, b, iframe')).toBeNull();
  expect(section.textContent).toContain('<script>alert(2)</script>');
  expect(section.textContent).toContain('<b>bold</b>');
  expect(within(section).getByRole('link', { name: 'plan' })).toBeTruthy();
});

it('opens links in the browser and leaves the window where it is', async () => {
  const { section, opened } = await notes(
    'See [the manual](https://example.org/manual) or [this](javascript:alert(1)).',
  );
  expect(within(section).getAllByRole('link').length).toBe(1);
  expect(section.textContent).toContain('[this](javascript:alert(1))');
  await userEvent.click(within(section).getByRole('link', { name: 'the manual' }));
  expect(opened).toEqual(['https://example.org/manual']);
  expect(location.pathname).toBe('/cmdb/CI-0091822');
});

it.each([
  ['https://example.org/a', true],
  ['mailto:noc@example.org', true],
  ['javascript:alert(1)', false],
  ['data:text/html,<p>', false],
  ['file:///etc/passwd', false],
  ['/cmdb', false],
])('an address such as %s may be opened: %s', (href, may) => {
  expect(addressOf({ href }) !== undefined).toBe(may);
});
