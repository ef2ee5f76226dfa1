import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { currencyChoices, loadCurrency, saveCurrency } from './currency';
import { coinPath, parseRoute } from './router';

describe('routes', () => {
  it.each([
    ['/', { page: 'markets' }],
    ['/volatility', { page: 'volatility' }],
    ['/sources/', { page: 'sources' }],
    ['/coins/bitcoin', { page: 'coin', id: 'bitcoin' }],
    ['/coins/a%2Fb', { page: 'coin', id: 'a/b' }],
    ['/coins/%', { page: 'coin', id: '%' }],
    ['/coins', { page: 'unknown', path: '/coins' }],
    ['/nowhere/else', { page: 'unknown', path: '/nowhere/else' }],
  ])('%s', (path, route) => {
    expect(parseRoute(path)).toEqual(route);
  });

  it('write ids safely', () => {
    expect(coinPath('a/b')).toBe('/coins/a%2Fb');
  });
});

describe('currencies', () => {
  const stored = new Map<string, string>();
  beforeEach(() => {
    stored.clear();
    vi.stubGlobal('localStorage', { getItem: (key: string) => stored.get(key) ?? null, setItem: (key: string, value: string) => stored.set(key, value) });
  });
  afterEach(() => void vi.unstubAllGlobals());
  const offer = (code: string) => ({ code, name: code, unit: code, kind: 'fiat' as const });

  it('put the usual six first, then the rest by code', () => {
    const { first, more } = currencyChoices(['zar', 'pkr', 'usd', 'eur', 'aud', 'inr', 'jpy', 'gbp'].map(offer));
    expect(first.map(({ code }) => code)).toEqual(['usd', 'eur', 'gbp', 'jpy', 'inr', 'pkr']);
    expect(more.map(({ code }) => code)).toEqual(['aud', 'zar']);
  });

  it('offer none that the server lacks', () => {
    expect(currencyChoices([offer('usd')]).first.map(({ code }) => code)).toEqual(['usd']);
  });

  it('last as long as the page where the browser keeps nothing', () => {
    vi.stubGlobal('localStorage', undefined);
    saveCurrency('inr');
    expect(loadCurrency()).toBe('usd');
  });

  it('are remembered, and nonsense in the storage is not', () => {
    expect(loadCurrency()).toBe('usd');
    saveCurrency('inr');
    expect(loadCurrency()).toBe('inr');
    stored.set('tickspan.currency', '../../x');
    expect(loadCurrency()).toBe('usd');
  });
});
