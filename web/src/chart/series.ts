import type { Candles, History } from '../api/types';

/** Seconds, as the chart library counts. */
export interface LinePoint {
  time: number;
  value?: number;
}
export interface Bar {
  time: number;
  open: number;
  high: number;
  low: number;
  close: number;
  incomplete: boolean;
}

/**
 * The series as points of strictly growing time. Where a known value is missing, or a recorded gap lies between two
 * points, a point without a value breaks the line: a hole is not drawn over.
 */
export function linePoints(history: Pick<History, 'prices' | 'gaps'>): LinePoint[] {
  const gaps = history.gaps.map(({ start, end }) => ({ start: Date.parse(start), end: Date.parse(end) }));
  const points: LinePoint[] = [];
  let before = -Infinity;
  for (const [milliseconds, value] of history.prices) {
    const time = Math.floor(milliseconds / 1000);
    if (time <= before) continue;
    const gap = gaps.find(({ start, end }) => start > before * 1000 && end <= milliseconds);
    const middle = Math.floor((before + time) / 2);
    if (gap && middle > before && middle < time) points.push({ time: middle });
    points.push(value == null ? { time } : { time, value });
    before = time;
  }
  return points;
}

export function bars({ candles }: Pick<Candles, 'candles'>): Bar[] {
  const result: Bar[] = [];
  for (const candle of candles) {
    const time = Math.floor(Date.parse(candle.start) / 1000);
    const last = result.at(-1);
    if (last && time <= last.time) continue;
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
