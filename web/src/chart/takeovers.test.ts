import { describe, expect, it } from 'vitest';
import { sourceNames } from '../market/names';
import { marks } from './takeovers';

describe('takeovers on a chart', () => {
  it('says when, from whom to whom, and why', () => {
    const [first, away, back] = marks([
      { asset: 'bitcoin', at: '2026-06-01T11:00:00.000Z', from: null, to: 'composite', cause: 'first' },
      { asset: 'bitcoin', at: '2026-06-01T12:00:00.000Z', from: 'composite', to: 'coingecko', cause: 'silent' },
      { asset: 'bitcoin', at: '2026-06-01T12:05:00.000Z', from: 'coingecko', to: 'composite', cause: 'preferred' },
    ], sourceNames([{ id: 'coingecko', name: 'CoinGecko' }]));
    expect(first?.text).toMatch(/, the venues: the first price$/);
    expect(away).toMatchObject({ at: Date.parse('2026-06-01T12:00:00.000Z'), to: 'coingecko' });
    expect(away?.text).toMatch(/, from the venues to CoinGecko: it was not heard any more$/);
    expect(back?.text).toMatch(/, from CoinGecko to the venues: back again$/);
  });
});
