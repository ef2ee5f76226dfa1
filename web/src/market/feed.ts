import { getJson, toApiError, withQuery, type ApiError } from '../api/client';
import type { Prices, Ticker } from '../api/types';
import type { ConnectionState, StreamClient } from '../stream';
import { MarketStore } from './store';

export type LoadState = { phase: 'loading' } | { phase: 'ready' } | { phase: 'failed'; error: ApiError };

const PAGE_LIMIT = 250;
const MAX_PAGES = 20;
const RETRY_MS = 3000;

/**
 * Keeps the store of the chosen currency filled: the stream's `ticker:*`, and one plain request for the first picture
 * and for the reason when there is none.
 */
export class MarketFeed {
  readonly store: MarketStore;
  private readonly stream: StreamClient;
  private readonly listeners = new Set<() => void>();
  private readonly originListeners = new Set<() => void>();
  private state: LoadState = { phase: 'loading' };
  private currency = '';
  private leave: (() => void) | undefined;
  private abort: AbortController | undefined;
  private retryTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(stream: StreamClient, store = new MarketStore()) {
    this.stream = stream;
    this.store = store;
  }

  getState = (): LoadState => this.state;
  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  getConnection = (): ConnectionState => this.stream.connection;
  subscribeConnection = (listener: () => void): (() => void) => this.stream.on('connection', listener);
  reconnect = (): void => this.stream.retryNow();

  /** Called when the market behind the stream changes, e.g. from simulated to real. */
  onOriginChange(listener: () => void): () => void {
    this.originListeners.add(listener);
    return () => this.originListeners.delete(listener);
  }

  setCurrency(currency: string): void {
    if (currency === this.currency) return;
    this.currency = currency;
    this.leave?.();
    this.store.clear();
    this.leave = this.stream.subscribe<Ticker | Ticker[]>(currency === 'usd' ? 'ticker:*' : `ticker:*/${currency}`, {
      snapshot: ({ data }) => {
        if (Array.isArray(data)) this.store.snapshot(data);
        else this.store.update(data);
        if (Array.isArray(data) && data.length > 0) this.setState({ phase: 'ready' });
      },
      update: ({ data }) => {
        if (!Array.isArray(data)) this.store.update(data);
      },
      status: () => {
        for (const listener of this.originListeners) listener();
      },
    });
    this.load();
  }

  /** Asks again by plain request; also what the retry button does. */
  load = (): void => {
    this.abort?.abort();
    clearTimeout(this.retryTimer);
    const abort = new AbortController();
    this.abort = abort;
    if (this.state.phase !== 'loading' && this.store.getList().length === 0) this.setState({ phase: 'loading' });
    void this.loadPages(abort.signal);
  };

  private async loadPages(signal: AbortSignal): Promise<void> {
    try {
      let cursor: string | undefined;
      for (let page = 0; page < MAX_PAGES; ++page) {
        const path = withQuery('/api/v1/prices', { quote: this.currency, limit: PAGE_LIMIT, cursor });
        const answer = await getJson<Prices>(path, signal);
        if (signal.aborted) return;
        this.store.fill(answer.data);
        cursor = answer.next_cursor ?? undefined;
        if (!cursor) break;
      }
      this.setState({ phase: 'ready' });
    } catch (error) {
      if (signal.aborted) return;
      const failure = toApiError(error);
      // With rows on the screen the connection's own banner says enough.
      if (this.store.getList().length === 0) this.setState({ phase: 'failed', error: failure });
      if (failure.problem.temporary) {
        this.retryTimer = setTimeout(this.load, (failure.retryAfter ?? 0) * 1000 || RETRY_MS);
      }
    }
  }

  private setState(state: LoadState): void {
    if (state.phase === this.state.phase && state.phase !== 'failed') return;
    this.state = state;
    for (const listener of this.listeners) listener();
  }
}
