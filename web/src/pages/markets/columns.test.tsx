import { createElement } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { useTable } from '@tanstack/react-table';
import { describe, expect, it } from 'vitest';
import type { Ticker } from '../../api/types';
import { searchCoins } from '../../market/search';
import { columnDefs, compareValues, features, MARKET_COLUMNS } from './columns';
import { summarize } from './Overview';

const coin = (id: string, more: Partial<Ticker>) => ({ id, symbol: id, name: id, state: 'live', price: 1, as_of: null, ...more }) as Ticker;

/** The order that the table really gives. */
function sorted(data: Ticker[], id: string, desc: boolean): string[] {
  let order: string[] = [];
  function Probe() {
    const table = useTable({ features, columns: columnDefs, data, getRowId: (row) => row.id, state: { sorting: [{ id, desc }] } });
    order = table.getRowModel().rows.map((row) => row.id);
    return null;
  }
  renderToStaticMarkup(createElement(Probe));
  return order;
}

describe('sorting', () => {
  it.each(MARKET_COLUMNS.map(({ id }) => id))('by %s keeps every coin', (id) => {
    const data = [coin('a', { rank: 2 }), coin('b', { rank: 1 }), coin('c', { rank: null, price: null })];
    expect(sorted(data, id, false).toSorted()).toEqual(['a', 'b', 'c']);
  });

  it('puts unknown values last either way', () => {
    const data = [coin('none', { price: null }), coin('dear', { price: 20 }), coin('cheap', { price: 3 })];
    expect(sorted(data, 'price', false)).toEqual(['cheap', 'dear', 'none']);
    expect(sorted(data, 'price', true)).toEqual(['dear', 'cheap', 'none']);
  });

  it('compares numbers by size and text without regard to case', () => {
    expect(compareValues(9, 10)).toBeLessThan(0);
    expect(compareValues('apple', 'Banana')).toBeLessThan(0);
    const data = [coin('x', { name: 'usdt' }), coin('y', { name: 'Bitcoin' })];
    expect(sorted(data, 'name', false)).toEqual(['y', 'x']);
  });
});

describe('search', () => {
  const coins = [
    { id: 'bitcoin', symbol: 'btc', name: 'Bitcoin' },
    { id: 'bitcoin-cash', symbol: 'bch', name: 'Bitcoin Cash' },
    { id: 'ethereum', symbol: 'eth', name: 'Ethereum' },
  ];
  const ids = (text: string) => searchCoins(coins, text).map(({ id }) => id);
  it('looks at name, symbol and id, and wants every word', () => {
    expect(ids('  ')).toHaveLength(3);
    expect(ids('ETH')).toEqual(['ethereum']);
    expect(ids('cash bit')).toEqual(['bitcoin-cash']);
    expect(ids('doge')).toEqual([]);
  });
});

describe('summary', () => {
  it('leaves unknown numbers out', () => {
    const sums = summarize([
      coin('a', { market_cap: 10, volume_24h: null, change_24h_pct: 1 }),
      coin('b', { market_cap: null, volume_24h: 5, change_24h_pct: -1, state: 'stale' }),
    ]);
    expect(sums).toEqual({ cap: 10, volume: 5, up: 1, down: 1, live: 1, count: 2 });
  });
});
