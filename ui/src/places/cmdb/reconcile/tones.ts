/** What a scan sounds like: who wears gloves looks at the rack, not at the screen. Each answer has its own figure. */
import type { ScanOutcome } from '../../../bindings/ScanOutcome';

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

const TONE_S = 0.11;
const GAP_S = 0.03;
const LOUDNESS = 0.25;

let context: AudioContext | undefined;

/** Plays a figure where the computer can; who cannot hear it sees the answer. */
export function play(tone: Tone): void {
  if (typeof AudioContext === 'undefined') return;
  context ??= new AudioContext();
  const to = context;
  void to.resume().catch(() => undefined);
  FIGURES[tone].forEach((pitchHz, at) => {
    const begin = to.currentTime + at * (TONE_S + GAP_S);
    const source = to.createOscillator();
    const gain = to.createGain();
    source.frequency.value = pitchHz;
    gain.gain.setValueAtTime(LOUDNESS, begin);
    // Without an end that fades it clicks.
    gain.gain.linearRampToValueAtTime(0, begin + TONE_S);
    source.connect(gain).connect(to.destination);
    source.start(begin);
    source.stop(begin + TONE_S);
  });
}
