import { useCallback, useSyncExternalStore } from 'react';
import type { Row } from '../market/store';
import type { LoadState } from '../market/feed';
import type { Ticker } from '../api/types';
import type { ConnectionState } from '../stream';
import { market } from './services';

export function useRow(id: string): Row | undefined {
  const subscribe = useCallback((listener: () => void) => market.store.subscribeRow(id, listener), [id]);
  return useSyncExternalStore(subscribe, () => market.store.getRow(id));
}

export function useTickers(): readonly Ticker[] {
  return useSyncExternalStore(market.store.subscribeList, market.store.getList);
}

export function useLoadState(): LoadState {
  return useSyncExternalStore(market.subscribe, market.getState);
}

export function useConnection(): ConnectionState {
  return useSyncExternalStore(market.subscribeConnection, market.getConnection);
}

const secondListeners = new Set<() => void>();
let second = Date.now();
let secondTimer: ReturnType<typeof setInterval> | undefined;

function subscribeSecond(listener: () => void): () => void {
  if (secondListeners.size === 0) second = Date.now();
  secondListeners.add(listener);
  secondTimer ??= setInterval(() => {
    second = Date.now();
    for (const each of secondListeners) each();
  }, 1000);
  return () => {
    secondListeners.delete(listener);
    if (secondListeners.size > 0) return;
    clearInterval(secondTimer);
    secondTimer = undefined;
  };
}

/** The local time; renders once a second, all ages on the page at the same moment. */
export function useSecond(): number {
  return useSyncExternalStore(subscribeSecond, () => second);
}

function subscribeMedia(query: string, listener: () => void): () => void {
  const list = matchMedia(query);
  list.addEventListener('change', listener);
  return () => list.removeEventListener('change', listener);
}

export function useMedia(query: string): boolean {
  const subscribe = useCallback((listener: () => void) => subscribeMedia(query, listener), [query]);
  return useSyncExternalStore(subscribe, () => matchMedia(query).matches);
}

export const PHONE = '(max-width: 719px)';
