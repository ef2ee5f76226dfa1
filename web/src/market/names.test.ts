import { describe, expect, it } from 'vitest';
import { sourceNames } from './names';

describe('names of sources', () => {
  const nameOf = sourceNames([{ id: 'binance_us', name: 'Binance.US' }]);

  it('are those that the server tells', () => {
    expect(nameOf('binance_us')).toBe('Binance.US');
    expect(nameOf('composite')).toBe('the venues');
  });

  it('are their ids where it tells none', () => {
    expect(nameOf('other')).toBe('other');
  });
});
