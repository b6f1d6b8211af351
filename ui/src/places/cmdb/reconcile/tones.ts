/** What a scan into the queue sounds like. Each answer has its own figure. */
import type { ScanOutcome } from '../../../bindings/ScanOutcome';
import { playFigure } from '../../../lib/actions/tones';

export type Tone = ScanOutcome | 'refused' | 'undone';

/** Pitches in Hz, one after the other. */
const FIGURES: Record<Tone, number[]> = {
  matches: [1_320],
  elsewhere: [990, 660],
  unknown: [440, 440],
  ambiguous: [660, 880, 660],
  refused: [220, 220, 220],
  undone: [880, 440],
};

export function play(tone: Tone): void {
  playFigure(FIGURES[tone]);
}
