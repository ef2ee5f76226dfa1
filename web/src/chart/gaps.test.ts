import { describe, expect, it } from 'vitest';
import type { RecordedGap } from '../api/types';
import { sourceNames } from '../market/names';
import { describeGap, gapCounts, gapsAt, logicalOf, shades, shownGaps, timeOf } from './gaps';

const iso = (seconds: number) => new Date(seconds * 1000).toISOString();
const recorded = (start: number, end: number, state: RecordedGap['state'], venue = 'kraken'): RecordedGap => ({
  venue, symbol: null, pair: null, start: iso(start), end: iso(end), cause: 'disconnect', state, expected: null, recovered: 0,
});

describe('gaps on a chart', () => {
  it('joins recorded ones with those that nobody can explain', () => {
    const all = shownGaps(
      [recorded(100, 200, 'repaired')],
      [
        { venue: null, start: iso(10), end: iso(20), cause: 'no_data' },
        { venue: 'kraken', start: iso(100), end: iso(200), cause: 'disconnect' },
      ],
    );
    expect(all.map(({ state }) => state)).toEqual(['unknown', 'repaired']);
  });

  it('draws gaps of one state that touch as one, and open ones over repaired ones', () => {
    const all = shownGaps([recorded(0, 10, 'open'), recorded(5, 20, 'open', 'binance'), recorded(30, 40, 'open'), recorded(0, 100, 'repaired')], []);
    expect(shades(all)).toEqual([
      { state: 'repaired', start: 0, end: 100_000 },
      { state: 'open', start: 0, end: 20_000 },
      { state: 'open', start: 30_000, end: 40_000 },
    ]);
  });

  it('finds those at a time, with some reach for short ones', () => {
    const all = shownGaps([recorded(100, 101, 'lost')], []);
    expect(gapsAt(all, 90_000, 5_000)).toEqual([]);
    expect(gapsAt(all, 97_000, 5_000)).toHaveLength(1);
  });

  it('says when, how long, where, why and what became of it', () => {
    const nameOf = sourceNames([{ id: 'kraken', name: 'Kraken' }]);
    const [whole, one] = shownGaps([recorded(0, 90, 'lost'), { ...recorded(100, 190, 'lost'), symbol: 'XBT/USD', pair: 'btc/usd' }], []);
    expect(describeGap(whole!, nameOf)).toMatch(/ for 2 min, Kraken: connection lost – lost$/);
    expect(describeGap(one!, nameOf)).toMatch(/, Kraken BTC\/USD: /);
    const [part] = shownGaps([], [{ venue: null, start: iso(0), end: iso(60), cause: 'partial' }]);
    expect(describeGap(part!, nameOf)).toMatch(/, all sources: heard in part$/);
  });

  it('are counted by source and state', () => {
    const counts = gapCounts([recorded(0, 1, 'open'), recorded(2, 3, 'repaired'), recorded(4, 5, 'repaired'), recorded(0, 1, 'lost', 'okx')]);
    expect(counts.get('kraken')).toEqual({ open: 1, repaired: 2, lost: 0 });
    expect(counts.get('okx')).toEqual({ open: 0, repaired: 0, lost: 1 });
    expect(counts.get('bybit')).toBeUndefined();
  });

  it('goes from times to places on the axis and back', () => {
    const times = [0, 10, 20, 60];
    expect(logicalOf(times, 15)).toBe(1.5);
    expect(logicalOf(times, 40)).toBe(2.5);
    expect(logicalOf(times, -5)).toBe(0);
    expect(logicalOf(times, 99)).toBe(3);
    expect(timeOf(times, 2.5)).toBe(40);
    expect(timeOf(times, 9)).toBeUndefined();
  });
});
