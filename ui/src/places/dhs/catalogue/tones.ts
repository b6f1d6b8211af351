/** What a scan in the store sounds like: up for what went in, down for what needs somebody. */
import type { CatalogueOutcome } from '../../../bindings/CatalogueOutcome';
import { playFigure } from '../../../lib/actions/tones';

export type Tone = CatalogueOutcome | 'refused' | 'undone';

/** Pitches in Hz, one after the other. */
const FIGURES: Record<Tone, number[]> = {
  received: [1_320],
  counted: [1_320],
  tagged: [1_320, 1_760],
  taken_in: [990, 1_320],
  duplicate: [660, 660],
  elsewhere: [990, 660],
  model: [1_100],
  own: [1_100],
  unknown: [440, 440],
  ambiguous: [660, 880, 660],
  refused: [220, 220, 220],
  undone: [880, 440],
};

export function play(tone: Tone): void {
  playFigure(FIGURES[tone]);
}
