import type { Candles, History } from '../api/types';

/** Seconds, as the chart library counts. */
export interface LinePoint {
  time: number;
  value?: number;
  /** Nothing is known between this point and the next one: no line is drawn. */
  endsBeforeGap?: true;
}
export interface Bar {
  time: number;
  open: number;
  high: number;
  low: number;
  close: number;
  incomplete: boolean;
}

const MAX_FILLERS = 2000;

/** The usual distance between neighbours, in seconds. */
function spacing(times: readonly number[]): number {
  const distances = times.slice(1).map((time, index) => time - (times[index] ?? time));
  distances.sort((a, b) => a - b);
  return distances[distances.length >> 1] ?? 0;
}

/** Empty moments between two points: the time axis counts points, and a hole would shrink to nothing. */
function fillers(after: number, until: number, step: number): NoBar[] {
  const empty: NoBar[] = [];
  for (let time = after + step; step > 0 && time < until && empty.length < MAX_FILLERS; time += step) empty.push({ time });
  return empty;
}

/**
 * The series as points of strictly growing time. Where a value is missing, or a recorded gap lies between two points,
 * the line ends and begins anew: a hole is not drawn over.
 */
export function linePoints(history: Pick<History, 'prices' | 'gaps'>): LinePoint[] {
  const gaps = history.gaps.map(({ start, end }) => ({ start: Date.parse(start), end: Date.parse(end) }));
  const step = spacing(history.prices.map(([milliseconds]) => Math.floor(milliseconds / 1000)));
  const points: LinePoint[] = [];
  let last: LinePoint | undefined;
  for (const [milliseconds, value] of history.prices) {
    const time = Math.floor(milliseconds / 1000);
    if (last && time <= last.time) continue;
    if (last) {
      const before = last.time;
      // A gap of one venue among several leaves points: only one that nothing was recorded in breaks the line.
      const hole = time - before > step * 1.5 && gaps.some(({ start, end }) => start < milliseconds && end > before * 1000);
      if (hole) points.push(...fillers(before, time, step));
      if (hole || value == null) last.endsBeforeGap = true;
    }
    last = value == null ? { time } : { time, value };
    points.push(last);
  }
  return points;
}

/** A moment without a candle; it only keeps the time axis true. */
export interface NoBar {
  time: number;
}

export const isBar = (item: Bar | NoBar): item is Bar => 'close' in item;

export function bars({ candles }: Pick<Candles, 'candles'>): (Bar | NoBar)[] {
  const result: (Bar | NoBar)[] = [];
  const step = spacing(candles.map(({ start }) => Math.floor(Date.parse(start) / 1000)));
  for (const candle of candles) {
    const time = Math.floor(Date.parse(candle.start) / 1000);
    const last = result.at(-1);
    if (last && time <= last.time) continue;
    if (last) result.push(...fillers(last.time, time, step));
    const { open, high, low, close } = candle;
    result.push({ time, open, high, low, close, incomplete: !candle.complete });
  }
  return result;
}

/** The open bar after one more price: the last one grows, or a new one begins. */
export function liveBar(last: Bar, price: number, nowMs: number, stepMs: number): Bar {
  const time = Math.floor(Math.floor(nowMs / stepMs) * (stepMs / 1000));
  if (time <= last.time) {
    return { ...last, close: price, high: Math.max(last.high, price), low: Math.min(last.low, price) };
  }
  return { time, open: last.close, high: Math.max(last.close, price), low: Math.min(last.close, price), close: price, incomplete: false };
}
