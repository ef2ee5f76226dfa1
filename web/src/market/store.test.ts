import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Ticker } from '../api/types';
import { MarketStore } from './store';

export function ticker(id: string, price: number | null, more: Partial<Ticker> = {}): Ticker {
  return {
    pair: `${id}/usd`, id, symbol: id, name: id, rank: 1, price, as_of: '2026-06-01T12:00:00.000Z', state: 'live', origin: 'real', source: 'composite', source_since: null, venues: 3,
    change_24h: 1, change_24h_pct: 1, change_1h_pct: null, change_7d_pct: null, change_30d_pct: null, high_24h: null, low_24h: null, window_source: 'own', market_cap: null, volume_24h: null, circulating_supply: null,
    total_supply: null, max_supply: null, facts_as_of: null, ...more,
  };
}

let frames: (() => void)[];
let store: MarketStore;
const paint = () => {
  for (const frame of frames.splice(0)) frame();
};

beforeEach(() => {
  vi.useFakeTimers();
  frames = [];
  store = new MarketStore({ schedule: (flush) => void frames.push(flush) });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('market store', () => {
  it('takes any number of updates in one frame, and tells each row once', () => {
    store.snapshot([ticker('btc', 1), ticker('eth', 1)]);
    const btc = vi.fn();
    const eth = vi.fn();
    store.subscribeRow('btc', btc);
    store.subscribeRow('eth', eth);
    for (let price = 2; price <= 50; ++price) store.update(ticker('btc', price));
    expect(frames).toHaveLength(1);
    expect(store.getRow('btc')?.ticker.price).toBe(1);
    paint();
    expect(store.getRow('btc')?.ticker.price).toBe(50);
    expect(btc).toHaveBeenCalledTimes(1);
    expect(eth).not.toHaveBeenCalled();
  });

  it('says which way a price moved, and counts the moves', () => {
    store.snapshot([ticker('btc', 10)]);
    expect(store.getRow('btc')).toMatchObject({ moved: 'none', moves: 0 });
    const move = (price: number | null) => {
      store.update(ticker('btc', price));
      paint();
      return store.getRow('btc');
    };
    expect(move(11)).toMatchObject({ moved: 'up', moves: 1 });
    expect(move(11)).toMatchObject({ moved: 'up', moves: 1 });
    expect(move(9)).toMatchObject({ moved: 'down', moves: 2 });
    expect(move(null)).toMatchObject({ moves: 2 });
  });

  it('gives the list out anew at most once a second', () => {
    store.snapshot([ticker('btc', 1)]);
    const listener = vi.fn();
    store.subscribeList(listener);
    const before = store.getList();
    for (let step = 0; step < 9; ++step) {
      store.update(ticker('btc', step));
      paint();
      vi.advanceTimersByTime(100);
    }
    expect(listener).not.toHaveBeenCalled();
    expect(store.getList()).toBe(before);
    vi.advanceTimersByTime(100);
    expect(listener).toHaveBeenCalledTimes(1);
    expect(store.getList()[0]?.price).toBe(8);
  });

  it('shows a new coin at once', () => {
    store.snapshot([ticker('btc', 1)]);
    store.update(ticker('eth', 2));
    paint();
    expect(store.getList().map(({ id }) => id)).toEqual(['btc', 'eth']);
  });

  it('forgets in a snapshot what is not in it, pending updates too', () => {
    store.snapshot([ticker('btc', 1), ticker('eth', 1)]);
    store.update(ticker('eth', 5));
    const gone = vi.fn();
    store.subscribeRow('eth', gone);
    store.snapshot([ticker('btc', 2)]);
    paint();
    expect(store.getRow('eth')).toBeUndefined();
    expect(gone).toHaveBeenCalled();
  });

  it('never lets a plain answer replace something newer', () => {
    store.snapshot([ticker('btc', 5, { as_of: '2026-06-01T12:00:10.000Z' })]);
    store.fill([ticker('btc', 4), ticker('eth', 2)]);
    expect(store.getRow('btc')?.ticker.price).toBe(5);
    expect(store.getRow('eth')?.ticker.price).toBe(2);
  });
});
