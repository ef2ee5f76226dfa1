import { describe, expect, it } from 'vitest';
import type { Candle } from '../api/types';
import { bars, isBar, linePoints, liveBar } from './series';

const at = (seconds: number) => seconds * 1000;
const iso = (seconds: number) => new Date(at(seconds)).toISOString();

describe('line', () => {
  it('is unbroken where nothing is missing, and times grow strictly', () => {
    const prices: [number, number][] = [[at(0), 1], [at(300), 2], [at(300), 9], [at(200), 9], [at(600), 3]];
    expect(linePoints({ prices, gaps: [] })).toEqual([{ time: 0, value: 1 }, { time: 300, value: 2 }, { time: 600, value: 3 }]);
  });

  it('ends before a recorded gap, which keeps its width on the axis', () => {
    const prices: [number, number][] = [[at(0), 1], [at(300), 2], [at(600), 3], [at(1800), 4], [at(2100), 5]];
    const gaps = [{ venue: null, start: iso(650), end: iso(1750), cause: 'restart' as const }];
    expect(linePoints({ prices, gaps })).toEqual([
      { time: 0, value: 1 }, { time: 300, value: 2 }, { time: 600, value: 3, endsBeforeGap: true },
      { time: 900 }, { time: 1200 }, { time: 1500 }, { time: 1800, value: 4 }, { time: 2100, value: 5 },
    ]);
  });

  it('goes on over a gap of one venue that left points from others', () => {
    const prices: [number, number][] = [[at(0), 1], [at(300), 2], [at(600), 3]];
    const gaps = [{ venue: 'kraken', start: iso(100), end: iso(500), cause: 'disconnect' as const }];
    expect(linePoints({ prices, gaps }).some(({ endsBeforeGap }) => endsBeforeGap)).toBe(false);
  });

  it('is broken by an unknown value', () => {
    expect(linePoints({ prices: [[at(0), 1], [at(300), null], [at(600), 3]], gaps: [] })).toEqual([
      { time: 0, value: 1, endsBeforeGap: true }, { time: 300 }, { time: 600, value: 3 },
    ]);
  });
});

describe('bars', () => {
  const candle = (seconds: number, complete = true): Candle => ({ start: iso(seconds), open: 1, high: 3, low: 1, close: 2, volume: 1, trades: 1, final: true, complete });

  it('know which of them are incomplete', () => {
    expect(bars({ candles: [candle(0), candle(60, false)] }).map((bar) => isBar(bar) && bar.incomplete)).toEqual([false, true]);
  });

  it('leave room for what is missing', () => {
    const seconds = [0, 60, 120, 300, 300].map((time) => candle(time));
    expect(bars({ candles: seconds }).map((bar) => [bar.time, isBar(bar)])).toEqual([[0, true], [60, true], [120, true], [180, false], [240, false], [300, true]]);
  });

  it('grow with the live price, and begin anew with the next step', () => {
    const [last] = bars({ candles: [candle(300)] });
    if (!last || !isBar(last)) throw new Error('no bar');
    expect(liveBar(last, 5, at(599), 300_000)).toMatchObject({ time: 300, high: 5, low: 1, close: 5 });
    expect(liveBar(last, 0.5, at(301), 300_000)).toMatchObject({ time: 300, low: 0.5, close: 0.5 });
    expect(liveBar(last, 5, at(601), 300_000)).toEqual({ time: 600, open: 2, high: 5, low: 2, close: 5, incomplete: false });
  });
});
