import { QueryClient } from '@tanstack/react-query';
import { ApiError } from '../api/client';
import { serverClock } from '../market/clock';
import { MarketFeed } from '../market/feed';
import { StreamClient } from '../stream';

export function streamUrl(): string {
  const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
  return `${scheme}://${location.host}/api/v1/stream`;
}

export const stream = new StreamClient({ url: streamUrl, maxRateMs: 250, backoffMaxMs: 15_000 });
stream.on('time', (time) => serverClock.observe(time));

export const market = new MarketFeed(stream);

export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5000,
      retry: (failures, error) => failures < 1 && error instanceof ApiError && error.problem.temporary,
      refetchOnWindowFocus: true,
    },
  },
});

/** Once per page: opens the stream and keeps it close to what the browser knows of the network. */
export function startServices(): void {
  market.onOriginChange(() => void queries.invalidateQueries());
  let wasOpen = false;
  stream.on('connection', ({ phase }) => {
    if (phase === 'open' && wasOpen) void queries.invalidateQueries();
    wasOpen ||= phase === 'open';
    // The socket is back, so plain requests will be answered too.
    if (phase === 'open' && market.getState().phase === 'failed') market.load();
  });
  stream.connect();
  window.addEventListener('online', () => stream.retryNow());
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') stream.retryNow();
  });
}
