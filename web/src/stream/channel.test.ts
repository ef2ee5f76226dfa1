import { describe, expect, it } from 'vitest';
import { channelMatches, isLossless, isWildcard } from './channel';

describe('channels', () => {
  it.each([
    ['ticker:*', 'ticker:btc/usd', true],
    ['ticker:*', 'ticker:*', true],
    ['ticker:*/usd', 'ticker:*', true],
    ['ticker:*', 'ticker:btc/eur', false],
    ['ticker:*/eur', 'ticker:btc/eur', true],
    ['ticker:*/EUR', 'ticker:btc/eur', true],
    ['ticker:*', 'price:btc/usd', false],
    ['price:btc/usd', 'price:btc/usd', true],
    ['price:btc/usd', 'price:eth/usd', false],
  ])('%s takes %s: %s', (asked, concrete, expected) => {
    expect(channelMatches(asked, concrete)).toBe(expected);
  });

  it('knows which ones lose nothing', () => {
    expect(isLossless('trades:kraken:btc/usd')).toBe(true);
    expect(isLossless('candles:btc/usd:1m')).toBe(true);
    expect(isLossless('ticker:btc/usd')).toBe(false);
    expect(isWildcard('price:*/eur')).toBe(true);
    expect(isWildcard('price:btc/usd')).toBe(false);
  });
});
