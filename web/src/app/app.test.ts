import { beforeEach, describe, expect, it } from 'vitest';
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
  beforeEach(() => localStorage.clear());
  const offer = (code: string) => ({ code, name: code, unit: code, kind: 'fiat' });

  it('put the usual six first, then the rest by code', () => {
    const { first, more } = currencyChoices(['zar', 'pkr', 'usd', 'eur', 'aud', 'inr', 'jpy', 'gbp'].map(offer));
    expect(first.map(({ code }) => code)).toEqual(['usd', 'eur', 'gbp', 'jpy', 'inr', 'pkr']);
    expect(more.map(({ code }) => code)).toEqual(['aud', 'zar']);
  });

  it('offer none that the server lacks', () => {
    expect(currencyChoices([offer('usd')]).first.map(({ code }) => code)).toEqual(['usd']);
  });

  it('are remembered, and nonsense in the storage is not', () => {
    expect(loadCurrency()).toBe('usd');
    saveCurrency('inr');
    expect(loadCurrency()).toBe('inr');
    localStorage.setItem('tickspan.currency', '../../x');
    expect(loadCurrency()).toBe('usd');
  });
});
