/** Sounds for who wears gloves and looks at the shelf, not at the screen: a figure of pitches, played where the computer can. */

const TONE_S = 0.11;
const GAP_S = 0.03;
const LOUDNESS = 0.25;

let context: AudioContext | undefined;

/** Plays pitches in Hz one after the other; who cannot hear them sees the answer. */
export function playFigure(pitchesHz: number[]): void {
  if (typeof AudioContext === 'undefined') return;
  context ??= new AudioContext();
  const to = context;
  void to.resume().catch(() => undefined);
  pitchesHz.forEach((pitchHz, at) => {
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
