/** The window on a backend in memory, for looking at screens in a browser without the desktop. Never part of a build. */
import { mount } from 'svelte';
import App from '../../App.svelte';
import '../../app.css';
import { a_workspace } from '../answers';
import { bridgeBackend } from './bridge';

const asked = new URLSearchParams(location.search);
const state = asked.get('state');
const bridge = asked.get('bridge');
const memory = a_workspace(
  state === 'first'
    ? { 'app.state': () => ({ state: 'no_profile' }) }
    : state === 'locked'
      ? {
          'app.state': () => ({
            state: 'locked',
            reason: 'passphrase',
            sentence: 'This profile is protected by a passphrase.',
            way_out: 'Write it to open your records.',
            passphrase: true,
          }),
        }
      : {},
);
history.replaceState(null, '', asked.get('path') ?? '/');
const target = document.getElementById('app');
if (target) mount(App, { target, props: { backend: bridge ? bridgeBackend(bridge) : memory } });
