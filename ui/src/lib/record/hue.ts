/** The icon of each status hue. Which hue a state has is said by the record; the words too. */
import Check from '@lucide/svelte/icons/check';
import Circle from '@lucide/svelte/icons/circle';
import Contrast from '@lucide/svelte/icons/contrast';
import Hourglass from '@lucide/svelte/icons/hourglass';
import TriangleAlert from '@lucide/svelte/icons/triangle-alert';
import X from '@lucide/svelte/icons/x';

import type { Hue } from '../../bindings/Hue';

export const ICONS: Record<Hue, typeof Check> = {
  neutral: Circle,
  info: Contrast,
  ok: Check,
  warn: TriangleAlert,
  bad: X,
  pending: Hourglass,
};
