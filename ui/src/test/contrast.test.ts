import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const css = readFileSync('src/app.css', 'utf8');
const TEXT = 4.5;
const LINE = 3;

type Theme = 'light' | 'dark';

function colour(token: string, theme: Theme): string {
  const found = new RegExp(`--${token}: light-dark\\((#[0-9a-f]{6}), (#[0-9a-f]{6})\\)`).exec(css);
  const value = found?.[theme === 'light' ? 1 : 2];
  if (!value) throw new Error(`app.css has no token --${token}`);
  return value;
}

/** Relative luminance as WCAG 2.2 defines it. */
function luminance(hex: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const channel = parseInt(hex.slice(at, at + 2), 16) / 255;
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * (r ?? 0) + 0.7152 * (g ?? 0) + 0.0722 * (b ?? 0);
}

function contrast(one: string, other: string): number {
  const [high, low] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return ((high ?? 0) + 0.05) / ((low ?? 0) + 0.05);
}

const surfaces = ['canvas', 'surface', 'sunken'];
const hues = ['neutral', 'info', 'ok', 'warn', 'bad', 'pending'];
const pairs: [string, string, number][] = [
  ...['ink', 'ink-2', 'ink-3', 'accent'].flatMap((text) =>
    surfaces.map((on): [string, string, number] => [text, on, TEXT]),
  ),
  ...surfaces.map((on): [string, string, number] => ['line-strong', on, LINE]),
  ...['ink', 'ink-2', 'ink-3', 'accent'].map((text): [string, string, number] => [text, 'accent-soft', TEXT]),
  ['on-accent', 'accent', TEXT],
  ...hues.map((hue): [string, string, number] => [`${hue}-fg`, `${hue}-bg`, TEXT]),
  // A hue's text also stands alone in lists, on a selected row included.
  ...hues.flatMap((hue) => [...surfaces, 'accent-soft'].map((on): [string, string, number] => [`${hue}-fg`, on, TEXT])),
  ...hues.map((hue): [string, string, number] => ['ink', `${hue}-bg`, TEXT]),
];

describe.each(['light', 'dark'] as const)('in the %s theme', (theme) => {
  it.each(pairs)('%s on %s has at least %d : 1', (text, on, least) => {
    expect(contrast(colour(text, theme), colour(on, theme))).toBeGreaterThanOrEqual(least);
  });
});
