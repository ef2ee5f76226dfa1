/** The shapes of docs/protocol.md, field for field. A number that is not known is null. */

export type State = 'live' | 'quiet' | 'stale' | 'down';
export type Origin = 'real' | 'simulated' | 'replay';
export type AssetKind = 'coin' | 'stablecoin' | 'fiat' | 'commodity';

export interface Page<T> {
  data: T[];
  next_cursor: string | null;
}

export interface Asset {
  id: string;
  symbol: string;
  name: string;
  kind: AssetKind;
  rank: number | null;
}

/** The price of the `price` channel: never without its age, state and origin. */
export interface Price {
  pair: string;
  id: string;
  price: number;
  as_of: string;
  state: State;
  origin: Origin;
  source: string;
}

/** The one row used everywhere. */
export interface Ticker {
  pair: string;
  id: string;
  symbol: string;
  name: string;
  rank: number | null;
  price: number | null;
  as_of: string | null;
  state: State;
  origin: Origin;
  source: string;
  venues: number;
  change_24h: number | null;
  change_24h_pct: number | null;
  high_24h: number | null;
  low_24h: number | null;
  window_source: string;
  market_cap: number | null;
  volume_24h: number | null;
  circulating_supply: number | null;
  total_supply: number | null;
  max_supply: number | null;
  facts_as_of: string | null;
}

export interface Prices extends Page<Ticker> {
  quote: string;
}

export interface AssetDetail extends Asset {
  ticker: Ticker | null;
}

export interface Gap {
  venue?: string | null;
  start: string;
  end: string;
  cause: string;
}

export interface Candle {
  start: string;
  open: number;
  high: number;
  low: number;
  close: number;
  volume: number;
  trades: number;
  final: boolean;
  complete: boolean;
}

export type Interval = '1m' | '5m' | '15m' | '1h' | '4h' | '1d';

export interface Candles {
  base: string;
  quote: string;
  pair: string;
  interval: Interval;
  venue: string | null;
  origin: Origin;
  source: string;
  start: string;
  end: string;
  complete: boolean;
  gaps: Gap[];
  candles: Candle[];
}

export interface History {
  coin_id: string;
  currency: string;
  days: number;
  complete: boolean;
  gaps: Gap[];
  origin: Origin;
  source: string;
  prices: [number, number | null][];
  market_caps: [number, number | null][];
  total_volumes: [number, number | null][];
}

export interface VolatilityRow {
  rank: number;
  id: string;
  symbol: string;
  name: string;
  volatility: number;
  returns: number;
  complete: boolean;
  price: Price | null;
}

export interface Volatility extends Page<VolatilityRow> {
  quote: string;
  window: string;
  as_of: string;
}

export type FeedState = 'idle' | 'connecting' | 'subscribing' | 'live' | 'stale' | 'backing_off' | 'stopped';

export interface Source {
  id: string;
  name: string;
  kind: 'exchange' | 'aggregator';
  feed: FeedState;
  state: State;
  since: string | null;
  as_of: string | null;
  host: string;
  detail: string;
  pairs: number;
  live_pairs: number;
  messages: number;
  trades: number;
  quotes: number;
  undecodable: number;
  connects: number;
  disconnects: number;
  attribution: string;
  attribution_url: string;
}

export interface Sources {
  data: Source[];
}

export interface CurrencyInfo {
  code: string;
  name: string;
  unit: string;
  kind: string;
}

export interface Status {
  version: string;
  origin: Origin;
  notice: string;
  ready: boolean;
  started_at: string;
  uptime_s: number;
  now: string;
  epoch: string;
  position: number;
  assets: number;
  priced: number;
  live: number;
  currencies: CurrencyInfo[];
}

/** RFC 9457 problem details. */
export interface Problem {
  title: string;
  status: number;
  detail: string;
  code: string;
  temporary: boolean;
  errors?: { parameter: string; value: string; allowed: string; near?: string[] }[];
}

/** A coin in `/top-coins/` and on `/ws/prices`. */
export interface TopCoin {
  rank: number | null;
  coin_id: string;
  symbol: string;
  name: string;
  price: number | null;
  market_cap: number | null;
  change_24h: number | null;
  change_24h_percent: number | null;
  volume_24h: number | null;
  last_updated: string | null;
  as_of: string | null;
  state: State;
  origin: Origin;
  source: string;
}

export interface TopCoinsMessage {
  type: 'prices';
  currency: string;
  time: string;
  coins: TopCoin[];
}
