// Where the parts of a stick plot are: pure arithmetic, apart from what draws it.
import type { Peak } from "./api";

/** Round steps of an axis between two values, about so many. */
export function ticks(low: number, high: number, about: number): number[] {
  const rough = (high - low) / Math.max(about, 1);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((each) => each * power).find((each) => each >= rough) ?? 10 * power;
  const found: number[] = [];
  for (let value = Math.ceil(low / step) * step; value <= high + step * 1e-6; value += step) found.push(Number(value.toFixed(6)));
  return found;
}

/** The m/z shown when nothing is zoomed: from a little below the first peak to above the last. */
export function wholeRange(...spectra: Peak[][]): [number, number] {
  const all = spectra.flat().map(([mz]) => mz);
  if (!all.length) return [0, 100];
  const low = Math.min(...all);
  const high = Math.max(...all);
  const margin = Math.max(2, (high - low) * 0.03);
  return [Math.max(0, low - margin), high + margin];
}

export function within(peaks: Peak[], [low, high]: [number, number]): Peak[] {
  return peaks.filter(([mz]) => mz >= low && mz <= high);
}

export function highest(peaks: Peak[]): number {
  return peaks.reduce((most, [, intensity]) => Math.max(most, intensity), 0) || 1;
}

/** Of the highest peak in view; to label a lower one would say too much of it. */
const LEAST_LABELLED = 0.012;

export interface Label {
  peak: Peak;
  x: number;
  y: number;
}

/**
 * The peaks that have room for their m/z above them: the highest first, none over another's label
 * or stick.
 */
export function labels(peaks: Peak[], x: (mz: number) => number, y: (height: number) => number, most: number): Label[] {
  const placed: Label[] = [];
  const up = y(1) < y(0);
  const byHeight = [...peaks].sort((a, b) => b[1] - a[1]);
  const least = highest(peaks) * LEAST_LABELLED;
  for (const peak of byHeight) {
    if (placed.length >= most || peak[1] < least) break;
    const place = { peak, x: x(peak[0]), y: y(peak[1]) };
    const half = 5 + 3.4 * labelText(peak[0]).length;
    const free = placed.every((other) => Math.abs(other.x - place.x) > half * 2 || Math.abs(other.y - place.y) > 13);
    const clear = byHeight.every(([mz, height]) => {
      if (mz === peak[0] || Math.abs(x(mz) - place.x) > half) return true;
      return up ? y(height) > place.y - 4 : y(height) < place.y + 4;
    });
    if (free && clear) placed.push(place);
  }
  return placed;
}

export function mzText(mz: number): string {
  return String(Number(mz.toFixed(4)));
}

/** On a stick, where there is little room. */
export function labelText(mz: number): string {
  return Number.isInteger(mz) ? String(mz) : mz.toFixed(1);
}

export function percent(intensity: number): string {
  const value = intensity / 9.99;
  return value >= 10 ? value.toFixed(0) : value.toFixed(1);
}

export function signed(value: number): string {
  return value > 0 ? `+${value}` : String(value).replace("-", "−");
}

/** A score as it is read: match factors are whole numbers from 0 to 999, the others go from 0 to 1. */
export function scoreText(name: string, value: number, decimals = 3): string {
  return isFactor(name) ? value.toFixed(0) : value.toFixed(decimals);
}

export function isFactor(name: string): boolean {
  return name.endsWith("match_factor");
}

/** The peak nearest to a place, within some pixels; the base peak draws over so many more. */
export function nearest(peaks: Peak[], x: (mz: number) => number, place: number, reach: number, pull: number): Peak | null {
  let found: Peak | null = null;
  let least = reach;
  for (const peak of peaks) {
    // Of two as near, the higher one is meant.
    const distance = Math.abs(x(peak[0]) - place) - (peak[1] / 999) * pull;
    if (distance < least) [found, least] = [peak, distance];
  }
  return found;
}
