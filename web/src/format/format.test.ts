import { describe, expect, it } from 'vitest';
import { direction, formatAge, formatChange, formatCompact, formatCompactMoney, formatDuration, formatPercent, formatPrice, formatShare, spokenAge } from '.';

describe('prices', () => {
  it.each([
    [64321.5, 'usd', '$64,321.50'],
    [148.7, 'usd', '$148.70'],
    [15.0213, 'usd', '$15.021'],
    [1.0003, 'usd', '$1.0003'],
    [0.52414, 'usd', '$0.52414'],
    [0.00002213, 'usd', '$0.000022130'],
    [0.000000000123456, 'usd', '$0.00000000012346'],
    [0, 'usd', '$0.00'],
    [17_930_000, 'pkr', 'Rs17,930,000.00'],
    [1e21, 'usd', '$1,000,000,000,000,000,000,000.00'],
    [null, 'usd', '–'],
    [Number.NaN, 'usd', '–'],
  ])('%s in %s is %s', (value, currency, expected) => {
    expect(formatPrice(value, currency).replaceAll('\u00a0', ' ')).toMatch(
      currency === 'pkr' ? /^(Rs|₨) ?17,930,000\.00$/ : new RegExp(`^${expected.replaceAll(/[$.]/g, '\\$&')}$`),
    );
  });

  it('writes what is no ISO currency behind the number', () => {
    expect(formatPrice(0.01534, 'btc')).toBe('0.015340 BTC');
    expect(formatCompactMoney(19_700_000, 'btc')).toBe('19.70M BTC');
  });

  it('uses the sign of each currency', () => {
    expect(formatPrice(100, 'eur')).toBe('€100.00');
    expect(formatPrice(100, 'gbp')).toBe('£100.00');
    expect(formatPrice(100, 'jpy')).toBe('¥100.00');
    expect(formatPrice(100, 'inr')).toBe('₹100.00');
  });
});

describe('changes', () => {
  it('always carry their sign, with a true minus', () => {
    expect(formatChange(1210.2, 64321.5, 'usd')).toBe('+$1,210.20');
    expect(formatChange(-0.0312, 0.52, 'usd')).toBe('−$0.03120');
    expect([0, 0.004, 0.236, 1].map(formatShare)).toEqual(['0%', '<1%', '24%', '100%']);
    expect(formatPercent(1.92)).toBe('+1.92%');
    expect(formatPercent(-0.4)).toBe('−0.40%');
    expect(formatPercent(0)).toBe('0.00%');
    expect(formatPercent(null)).toBe('–');
  });

  it('point no way when they read zero', () => {
    expect(direction(0.004)).toBe('flat');
    expect(direction(-0.004)).toBe('flat');
    expect(direction(0.006)).toBe('up');
    expect(direction(-0.006)).toBe('down');
    expect(direction(null)).toBe('flat');
    expect(direction(-0.000003, 9)).toBe('down');
  });
});

describe('large figures', () => {
  it('are short and keep their width', () => {
    expect(formatCompactMoney(1_288_000_000_000, 'usd')).toBe('$1.288T');
    expect(formatCompactMoney(110_000_000_000, 'usd')).toBe('$110.0B');
    expect(formatCompactMoney(null, 'usd')).toBe('–');
    expect(formatCompact(9312)).toBe('9,312');
    expect(formatCompact(19_700_000)).toBe('19.7M');
  });
});

describe('ages', () => {
  it.each([
    [-5, '0 s'],
    [999, '0 s'],
    [1000, '1 s'],
    [59_999, '59 s'],
    [60_000, '1 min'],
    [3_599_999, '59 min'],
    [3_600_000, '1 h'],
    [47 * 3_600_000, '47 h'],
    [48 * 3_600_000, '2 d'],
  ])('%i ms is %s', (age, expected) => {
    expect(formatAge(age)).toBe(expected);
  });

  it('are spoken in words', () => {
    expect(spokenAge(1000)).toBe('1 second old');
    expect(spokenAge(120_000)).toBe('2 minutes old');
  });

  it('of gaps', () => {
    expect(formatDuration(45_000)).toBe('45 s');
    expect(formatDuration(40 * 60_000)).toBe('40 min');
    expect(formatDuration(3.5 * 3_600_000)).toBe('3.5 h');
  });
});
