import type { components } from './schema';

// The shapes of api/openapi.yaml by the names that the dashboard uses. A number that is not known is null.

type Schemas = components['schemas'];

export type State = Schemas['State'];
export type Origin = Schemas['Origin'];
export type Gap = Schemas['Gap'];
export type RecordedGap = Schemas['RecordedGap'];
export type RecordedGaps = Schemas['RecordedGaps'];
/** Another source began to give a price. */
export type Takeover = Schemas['Takeover'];
export type Takeovers = Schemas['Takeovers'];
export type Conversion = Schemas['Conversion'];
export type Price = Schemas['Price'];
/** The one row used everywhere. The stream may name a coin before anybody has told its price. */
export type Ticker = Omit<Schemas['Ticker'], 'price' | 'as_of'> & { price: number | null; as_of: string | null };
export type Prices = Omit<Schemas['Prices'], 'data'> & { data: Ticker[] };
export type AssetDetail = Omit<Schemas['AssetDetail'], 'ticker'> & { ticker: Ticker | null };
export type Candle = Schemas['Candle'];
export type Candles = Schemas['Candles'];
export type Interval = Candles['interval'];
/** A point without a value is a hole, should one ever come. */
export type History = Omit<Schemas['CoinHistory'], 'prices'> & { prices: [number, number | null][] };
export type VolatilityRow = Schemas['VolatilityRow'];
export type Volatility = Schemas['VolatilityRanking'];
export type Source = Schemas['SourceRow'];
/** What one venue says of one pair, and whether it counts. */
export type Market = Schemas['Market'];
export type Markets = Schemas['Markets'];
export type FeedState = Source['feed'];
/** A host that a source uses: its breaker and what may be asked of it. */
export type Upstream = Schemas['Upstream'];
export type Sources = Schemas['Sources'];
export type CurrencyInfo = Schemas['Currency'];
export type Status = Schemas['Status'];
/** RFC 9457 problem details; of an answer that is none, at least what is known of it. */
export type Problem = Pick<Schemas['Problem'], 'title' | 'status' | 'detail' | 'temporary' | 'errors'> & { code: string };
/** A coin in `/top-coins/` and on `/ws/prices`. */
export type TopCoin = Omit<Schemas['TopCoin'], 'price' | 'as_of'> & { price: number | null; as_of: string | null };

export interface TopCoinsMessage {
  type: 'prices';
  currency: string;
  time: string;
  coins: TopCoin[];
}
