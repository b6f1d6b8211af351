/** Photos of a CI: added by picking, pasting and dropping; described, removed with undo; and where their bytes are. */
import { cleanup, fireEvent, render, screen, waitFor, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import App from '../../App.svelte';
import type { PhotoLine } from '../../bindings/PhotoLine';
import { toasts } from '../../lib/ui/toasts.svelte';
import { problems } from '../../test/axe';
import type { Answers, TestBackend } from '../../test/backend';
import { a_workspace } from '../../test/answers';
import { ANNA, NOW, QUIET, a_finding } from '../../test/world';
import { base64, isPicture } from './pictures';

const PIXEL = 'data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///ywAAAAAAQABAAACAUwAOw==';

let backend: TestBackend;

function a_photo(more: Partial<PhotoLine> = {}): PhotoLine {
  return {
    id: 'p1',
    name: 'Front',
    title: 'Front',
    file_name: 'front.jpg',
    media_type: 'image/jpeg',
    size_bytes: 5_000,
    sha256: 'ab',
    by: { id: ANNA.id, label: ANNA.name },
    at: NOW,
    place: 'here',
    pill: null,
    against_changing: null,
    sync: QUIET,
    ...more,
  };
}

function open(photos: PhotoLine[], more: Answers = {}): void {
  history.replaceState(null, '', '/cmdb/CI-0091822');
  backend = a_workspace({
    'photos.list': () => ({ photos, limit: 40, against_adding: null }),
    'photos.picture': () => ({ url: PIXEL, width: 1, height: 1 }),
    'photos.add': () => ({}),
    'photos.describe': () => ({}),
    'photos.put_back': () => ({}),
    ...more,
  });
  render(App, { props: { backend } });
}

const called = (name: string) => backend.calls.filter((call) => call.name === name).map(({ request }) => request);
const section = async () => within(await screen.findByRole('region', { name: 'Photos' }));

beforeEach(() => localStorage.clear());
afterEach(() => {
  cleanup();
  toasts.list = [];
});

describe('photos of a CI', () => {
  it('says what to do when there are none, and takes what is picked and pasted', async () => {
    open([]);
    await (await section()).findByText(/No photos yet/);
    const file = new File([new Uint8Array([255, 216, 255])], 'rack.jpg', { type: 'image/jpeg' });
    await fireEvent.change(screen.getByLabelText('Photos to add'), { target: { files: [file] } });
    await waitFor(() => expect(called('photos.add')).toEqual([{ ci: 'c1', data: '/9j/', file_name: 'rack.jpg' }]));
    await fireEvent.paste(document, { clipboardData: { files: [file, new File(['x'], 'x.txt')] } });
    await waitFor(() => expect(called('photos.add')).toHaveLength(2));
    expect(await problems()).toEqual([]);
  });

  it('shows why one was not taken, at its place', async () => {
    open([], {
      'photos.add': () => {
        throw { kind: 'refused', findings: [a_finding('TOO_MANY_PHOTOS', 'It has 40 photos.', 'Remove one.')] };
      },
    });
    const file = new File(['x'], 'rack.jpg', { type: 'image/jpeg' });
    await fireEvent.change(await screen.findByLabelText('Photos to add'), { target: { files: [file] } });
    await (await section()).findByText('It has 40 photos.');
  });

  it('tells where the bytes are, and fetches again what did not come', async () => {
    let tries = 0;
    open([a_photo({ place: 'not_here', pill: { label: 'not here: fetch', hue: 'neutral' } })], {
      'photos.picture': () => {
        tries += 1;
        if (tries > 1) return { url: PIXEL, width: 1, height: 1 };
        throw { kind: 'trouble', code: 'SERVER_UNREACHABLE', sentence: 'The server cannot be reached.', way_out: '' };
      },
    });
    const photos = await section();
    await photos.findByText('Not here: fetch');
    await photos.findByText('The server cannot be reached.');
    await userEvent.click(photos.getByRole('button', { name: 'Fetch Front' }));
    await photos.findByRole('button', { name: 'Enlarge Front' });
    expect(await problems()).toEqual([]);
  });

  it('enlarges one, goes on by the arrow keys, and closes by Escape', async () => {
    open([a_photo(), a_photo({ id: 'p2', name: 'Rear', title: 'Rear' })]);
    const photos = await section();
    await userEvent.click(await photos.findByRole('button', { name: 'Enlarge Front' }));
    expect(await screen.findByRole('heading', { name: 'Front' })).toBeTruthy();
    await waitFor(() => expect(called('photos.picture').at(-1)).toEqual({ photo: 'p1', size: 'screen' }));
    await fireEvent.keyDown(window, { key: 'ArrowRight' });
    expect(await screen.findByRole('heading', { name: 'Rear' })).toBeTruthy();
    expect(screen.getByText(/2 of 2/)).toBeTruthy();
  });

  it('removes one, and puts it back', async () => {
    const undo = { id: 'p1', ci: 'c1' };
    open([a_photo()], { 'photos.remove': () => ({ done: {}, undo }) });
    const photos = await section();
    await userEvent.click(await photos.findByRole('button', { name: 'Remove Front' }));
    await waitFor(() => expect(called('photos.remove')).toEqual([{ photo: 'p1' }]));
    await userEvent.click(await screen.findByRole('button', { name: 'Undo' }));
    await waitFor(() => expect(called('photos.put_back')).toEqual([undo]));
  });

  it('does not remove what is not theirs, and says why', async () => {
    open([a_photo({ against_changing: a_finding('NOT_YOUR_PHOTO', 'It was added by somebody else.', 'Ask them.') })]);
    const photos = await section();
    const remove = await photos.findByRole('button', { name: 'Remove Front' });
    expect(remove.getAttribute('aria-disabled')).toBe('true');
    await userEvent.click(remove);
    expect(called('photos.remove')).toEqual([]);
  });
});

describe('what is a picture', () => {
  it.each([
    ['/media/stick/IMG_1.JPG', true],
    ['C:\\photos\\rack.webp', true],
    ['/media/stick/cis.csv', false],
    ['/media/stick/photo.png.exe', false],
  ])('%s: %s', (path, is) => expect(isPicture(path)).toBe(is));

  it('goes over the bridge as base64', async () => {
    expect(await base64(new Blob([new Uint8Array([0, 1, 2, 255])]))).toBe('AAEC/w==');
  });
});
