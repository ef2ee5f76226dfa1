import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { sourceNames, type NameOf } from '../market/names';
import { getJson, withQuery } from './client';
import type { AssetDetail, Candles, History, Interval, Markets, RecordedGaps, Sources, Status, Takeovers, Volatility } from './types';

export function useStatus() {
  return useQuery({
    queryKey: ['status'],
    queryFn: ({ signal }) => getJson<Status>('/api/v1/status', signal),
    refetchInterval: 10_000,
  });
}

export function useSources(refetchMs = 60_000) {
  return useQuery({
    queryKey: ['sources'],
    queryFn: ({ signal }) => getJson<Sources>('/api/v1/sources', signal),
    refetchInterval: refetchMs,
  });
}

/** Gives sources their names: the other answers have ids only. */
export function useSourceNames(): NameOf {
  const { data } = useSources();
  return useMemo(() => sourceNames(data?.data ?? []), [data]);
}

export function useVolatility(quote: string) {
  return useQuery({
    queryKey: ['volatility', quote],
    queryFn: ({ signal }) => getJson<Volatility>(withQuery('/api/v1/rankings/volatility', { window: '24h', quote, limit: 250 }), signal),
    refetchInterval: 15_000,
  });
}

export function useAsset(id: string) {
  return useQuery({
    queryKey: ['asset', id],
    queryFn: ({ signal }) => getJson<AssetDetail>(`/api/v1/assets/${encodeURIComponent(id)}`, signal),
  });
}

export function useMarkets(id: string) {
  return useQuery({
    queryKey: ['markets', id],
    queryFn: ({ signal }) => getJson<Markets>(withQuery('/api/v1/markets', { base: id }), signal),
    refetchInterval: 5_000,
  });
}

export type Range = '24h' | '7d' | '30d';
export const RANGES: Record<Range, { days: number; interval: Interval; label: string }> = {
  '24h': { days: 1, interval: '5m', label: '24 hours' },
  '7d': { days: 7, interval: '1h', label: '7 days' },
  '30d': { days: 30, interval: '4h', label: '30 days' },
};

export function useHistory(id: string, currency: string, range: Range, enabled: boolean) {
  const { days } = RANGES[range];
  return useQuery({
    queryKey: ['history', id, currency, range],
    queryFn: ({ signal }) =>
      getJson<History>(withQuery(`/history/${encodeURIComponent(id)}`, { days, currency }), signal),
    refetchInterval: 60_000,
    enabled,
  });
}

/** The newest recorded gaps of every source that a coin's price rests on, repaired ones too. */
export function useGaps(id: string, range: Range) {
  return useQuery({
    queryKey: ['gaps', id, range],
    queryFn: ({ signal }) => {
      const start = new Date(Date.now() - RANGES[range].days * 86_400_000).toISOString();
      return getJson<RecordedGaps>(withQuery('/api/v1/gaps', { asset: id, start, limit: MOST_GAPS }), signal);
    },
    refetchInterval: 60_000,
  });
}

/** The newest recorded gaps of all sources in the last day. */
export function useGapsOfSources() {
  return useQuery({
    queryKey: ['gaps'],
    queryFn: ({ signal }) => {
      const start = new Date(Date.now() - 86_400_000).toISOString();
      return getJson<RecordedGaps>(withQuery('/api/v1/gaps', { start, limit: MOST_GAPS }), signal);
    },
    refetchInterval: 15_000,
  });
}
/** As many as one answer may have; it says whether there are more. */
export const MOST_GAPS = 1000;

const MOST_TAKEOVERS = 250;

/** When another source began to give a coin's price. */
export function useTakeovers(id: string, range: Range) {
  return useQuery({
    queryKey: ['takeovers', id, range],
    queryFn: ({ signal }) => {
      const start = new Date(Date.now() - RANGES[range].days * 86_400_000).toISOString();
      return getJson<Takeovers>(withQuery('/api/v1/takeovers', { asset: id, start, limit: MOST_TAKEOVERS }), signal);
    },
    refetchInterval: 60_000,
  });
}

export function useCandles(id: string, currency: string, range: Range, enabled: boolean) {
  const { days, interval } = RANGES[range];
  return useQuery({
    queryKey: ['candles', id, currency, range],
    queryFn: ({ signal }) => {
      const start = new Date(Date.now() - days * 86_400_000).toISOString();
      const path = `/api/v1/candles/${encodeURIComponent(id)}/${encodeURIComponent(currency)}`;
      return getJson<Candles>(withQuery(path, { interval, start, limit: 1000 }), signal);
    },
    refetchInterval: 60_000,
    enabled,
  });
}
