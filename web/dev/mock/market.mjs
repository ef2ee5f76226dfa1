// A small made-up market: prices walk at random, so that the page has something to show without the real server.

const NAMES = [
  ['bitcoin', 'btc', 'Bitcoin', 64321.5, 19.7e6, 21e6], ['ethereum', 'eth', 'Ethereum', 3120.44, 120.2e6, null],
  ['tether', 'usdt', 'Tether', 1.0003, 110e9, null], ['binancecoin', 'bnb', 'BNB', 588.2, 147e6, 200e6],
  ['solana', 'sol', 'Solana', 148.77, 462e6, null], ['usd-coin', 'usdc', 'USDC', 0.9999, 33e9, null],
  ['ripple', 'xrp', 'XRP', 0.52414, 55e9, 100e9], ['dogecoin', 'doge', 'Dogecoin', 0.14321, 144e9, null],
  ['cardano', 'ada', 'Cardano', 0.45512, 35e9, 45e9], ['tron', 'trx', 'TRON', 0.11855, 87e9, null],
  ['avalanche-2', 'avax', 'Avalanche', 35.9, 393e6, 720e6], ['shiba-inu', 'shib', 'Shiba Inu', 0.00002213, 589e12, null],
  ['polkadot', 'dot', 'Polkadot', 6.871, 1.4e9, null], ['chainlink', 'link', 'Chainlink', 15.02, 587e6, 1e9],
  ['bitcoin-cash', 'bch', 'Bitcoin Cash', 441.5, 19.7e6, 21e6], ['litecoin', 'ltc', 'Litecoin', 82.1, 74e6, 84e6],
  ['stellar', 'xlm', 'Stellar', 0.10544, 29e9, 50e9], ['monero', 'xmr', 'Monero', 132.8, 18.4e6, null],
  ['pepe', 'pepe', 'Pepe', 0.00001121, 420e12, 420e12], ['internet-computer', 'icp', 'Internet Computer', 12.2, 463e6, null],
];
const RATES = { usd: 1, eur: 0.921, gbp: 0.787, jpy: 156.4, inr: 83.2, pkr: 278.6, chf: 0.903, aud: 1.505, btc: 1 / 64321.5, xau: 1 / 2330 };
const CURRENCY_NAMES = { usd: 'US Dollar', eur: 'Euro', gbp: 'British Pound Sterling', jpy: 'Japanese Yen', inr: 'Indian Rupee', pkr: 'Pakistani Rupee', chf: 'Swiss Franc', aud: 'Australian Dollar', btc: 'Bitcoin', xau: 'Gold ounce' };

const iso = (ms) => new Date(ms).toISOString();
const round = (value, digits = 12) => Number(value.toPrecision(digits));

function upstreamsOfKraken(now) {
  const since = new Date(now - 120_000).toISOString();
  const none = { live: 0, chart: 0, repair: 0, backfill: 0 };
  const budget = { keyed: false, per_minute: 40, burst: 1, available: 0.4, paused_until: null, quota_remaining: null, quota_limit: null, quota_resets_at: null, calls: { ...none, live: 2, repair: 7 }, delayed: none };
  const rest = { host: 'api.kraken.com', service: 'rest', breaker: 'closed', since, failures: 0, retry_at: null, reason: '', budget };
  return [rest, { ...rest, host: 'ws.kraken.com', service: 'stream', breaker: 'open', failures: 6, retry_at: new Date(now + 8000).toISOString(), reason: 'connection refused', budget: null }];
}

export class MockMarket {
  constructor({ coins = 300, origin = 'simulated' } = {}) {
    this.origin = origin;
    this.epoch = Math.random().toString(16).slice(2, 10);
    this.startedAt = Date.now();
    this.seq = 0;
    this.forcedState = null;
    this.coins = Array.from({ length: coins }, (_, index) => this.makeCoin(index));
  }

  makeCoin(index) {
    const [id, symbol, name, price, supply, max] = NAMES[index] ?? [`coin-${index + 1}`, `c${index + 1}`, `Sample Coin ${index + 1}`, 40 / (index * index * 0.03), 4e7 * (400 - index), null];
    const open = price * (1 + (((index * 7919) % 200) - 100) / 1500);
    const coin = { id, symbol, name, rank: index + 1, price, open, supply, max, asOf: Date.now(), state: 'live', pace: index < 40 ? 0.25 : 0.04 };
    coin.high = Math.max(price, open) * 1.012;
    coin.low = Math.min(price, open) * 0.986;
    if (index === 17) Object.assign(coin, { state: 'quiet', asOf: Date.now() - 95_000, pace: 0 });
    if (index === 15) Object.assign(coin, { state: 'stale', asOf: Date.now() - 760_000, pace: 0 });
    if (index === 19) Object.assign(coin, { state: 'down', price: null, pace: 0 });
    return coin;
  }

  /** One step; gives the coins whose price moved. */
  step() {
    const moved = [];
    for (const coin of this.coins) {
      if (coin.price === null || Math.random() > coin.pace) continue;
      const digits = coin.price > 1000 ? 7 : 6;
      coin.price = Number((coin.price * (1 + (Math.random() - 0.5) * 0.0016)).toPrecision(digits));
      coin.high = Math.max(coin.high, coin.price);
      coin.low = Math.min(coin.low, coin.price);
      coin.asOf = Date.now();
      moved.push(coin);
    }
    return moved;
  }

  find(text) {
    const key = text.toLowerCase();
    return this.coins.find(({ id, symbol }) => id === key || symbol === key);
  }

  rate(quote) {
    return RATES[quote.toLowerCase()];
  }

  state(coin) {
    return this.forcedState ?? coin.state;
  }

  ticker(coin, quote) {
    const rate = RATES[quote];
    const inQuote = (value) => (value === null ? null : round(value * rate));
    const change = coin.price === null ? null : coin.price - coin.open;
    return {
      pair: `${coin.symbol}/${quote}`, id: coin.id, symbol: coin.symbol, name: coin.name, rank: coin.rank,
      price: inQuote(coin.price), as_of: iso(coin.asOf), state: this.state(coin), origin: this.origin, source: coin.rank > 120 ? 'coingecko' : 'composite',
      venues: coin.rank > 120 ? 0 : 3, change_24h: inQuote(change), change_24h_pct: change === null ? null : round((change / coin.open) * 100, 6),
      high_24h: inQuote(coin.high), low_24h: inQuote(coin.low), window_source: coin.rank > 120 ? 'aggregator' : 'own',
      market_cap: coin.price === null ? null : inQuote(coin.price * coin.supply), volume_24h: coin.price === null ? null : inQuote(coin.price * coin.supply * 0.031),
      circulating_supply: coin.supply, total_supply: coin.max ?? coin.supply, max_supply: coin.max, facts_as_of: iso(Math.floor(Date.now() / 60_000) * 60_000),
    };
  }

  price(coin, quote) {
    const { pair, id, price, as_of, state, origin, source } = this.ticker(coin, quote);
    return { pair, id, price, as_of, state, origin, source };
  }

  topCoin(coin, quote) {
    const t = this.ticker(coin, quote);
    return {
      rank: t.rank, coin_id: t.id, symbol: t.symbol, name: t.name, price: t.price, market_cap: t.market_cap, change_24h: t.change_24h,
      change_24h_percent: t.change_24h_pct, volume_24h: t.volume_24h, last_updated: t.as_of, as_of: t.as_of, state: t.state, origin: t.origin, source: t.source,
    };
  }

  /** A smooth made-up past that ends at the present price. */
  past(coin, time) {
    const age = (Date.now() - time) / 3_600_000;
    const wave = Math.sin(age / 3.1 + coin.rank) * 0.006 + Math.sin(age / 17 + coin.rank * 2) * 0.03 + Math.sin(age * 5.3) * 0.002;
    const now = Math.sin(coin.rank) * 0.006 + Math.sin(coin.rank * 2) * 0.03;
    return round((coin.price ?? coin.open) * (1 + wave - now), 8);
  }

  /** Ethereum lost a venue for a while, everything else is complete. */
  gaps(coin, start) {
    if (coin.id !== 'ethereum') return [];
    const at = Date.now() - 5 * 3_600_000;
    return [
      { venue: 'kraken', start: iso(at), end: iso(at + 40 * 60_000), cause: 'disconnect' },
      { venue: null, start: iso(at - 9 * 3_600_000), end: iso(at - 8 * 3_600_000), cause: 'no_data' },
    ].filter(({ end }) => Date.parse(end) > start);
  }

  /** What /api/v1/gaps says of a coin: each state once. */
  recordedGaps(coin, start) {
    const ago = (hours) => Date.now() - hours * 3_600_000;
    const gap = (venue, from, to, cause, state, more = {}) =>
      ({ venue, symbol: null, pair: null, start: iso(ago(from)), end: iso(ago(to)), cause, state, expected: null, recovered: 0, ...more });
    const all = coin?.id !== 'ethereum' ? [] : [
      gap('kraken', 5, 5 - 2 / 3, 'disconnect', 'open'),
      gap('coinbase', 11, 10.2, 'disk_full', 'lost'),
      gap('binance', 19, 17, 'restart', 'repaired', { expected: 8120, recovered: 8120 }),
    ];
    return { start: iso(start), end: iso(Date.now()), data: all.filter(({ end }) => Date.parse(end) > start), next_cursor: null };
  }

  inGap(gaps, time) {
    return gaps.some(({ venue, start, end }) => venue === null && time >= Date.parse(start) && time < Date.parse(end));
  }

  history(coin, days, quote) {
    const step = days <= 1 ? 300_000 : days <= 7 ? 3_600_000 : 4 * 3_600_000;
    const start = Date.now() - days * 86_400_000;
    const gaps = this.gaps(coin, start);
    const prices = [];
    for (let time = Math.ceil(start / step) * step; time < Date.now(); time += step) {
      if (!this.inGap(gaps, time)) prices.push([time, round(this.past(coin, time) * RATES[quote], 10)]);
    }
    const scaled = (factor) => prices.map(([time, value]) => [time, round(value * factor)]);
    return {
      coin_id: coin.id, currency: quote, days, complete: gaps.length === 0, gaps, origin: this.origin, source: 'composite+coingecko', conversion: quote === 'usd' ? 'none' : 'present_rate',
      prices, market_caps: scaled(coin.supply), total_volumes: scaled(coin.supply * 0.03),
    };
  }

  candles(coin, quote, interval, start, end, limit) {
    const step = { '1m': 60_000, '5m': 300_000, '15m': 900_000, '1h': 3_600_000, '4h': 14_400_000, '1d': 86_400_000 }[interval];
    const gaps = this.gaps(coin, start);
    const candles = [];
    for (let time = Math.ceil(start / step) * step; time < end && candles.length < limit; time += step) {
      if (this.inGap(gaps, time)) continue;
      const [open, close] = [time, time + step].map((at) => round(this.past(coin, Math.min(at, Date.now())) * RATES[quote], 8));
      candles.push({
        start: iso(time), open, high: round(Math.max(open, close) * 1.002, 8), low: round(Math.min(open, close) * 0.998, 8), close,
        volume: 12.5, trades: 480, final: time + step <= Date.now(), complete: !gaps.some((gap) => time + step > Date.parse(gap.start) && time < Date.parse(gap.end)),
      });
    }
    return {
      base: coin.id, quote, pair: `${coin.symbol}/${quote}`, interval, venue: null, origin: this.origin, source: 'composite', conversion: quote === 'usd' ? 'none' : 'candles',
      start: iso(start), end: iso(end), complete: gaps.length === 0, gaps, candles,
    };
  }

  volatility(quote, limit) {
    const data = this.coins.filter((coin) => coin.price !== null)
      .map((coin) => ({ coin, value: 0.0004 + ((coin.rank * 7919) % 97) / 52_000 }))
      .sort((a, b) => b.value - a.value)
      .slice(0, limit)
      .map(({ coin, value }, index) => ({
        rank: index + 1, id: coin.id, symbol: coin.symbol, name: coin.name, volatility: value, returns: index % 9 === 4 ? 988 : 1439,
        complete: index % 9 !== 4, price: this.price(coin, quote),
      }));
    return { quote, window: '24h', as_of: iso(Date.now()), data, next_cursor: null };
  }

  markets(coin) {
    const now = Date.now();
    const row = (venue, code, off, more) => ({
      venue, pair: `${coin.symbol}/${code}`, symbol: `${coin.symbol}${code}`.toUpperCase(), price_usd: coin.price * (1 + off / 100), bid: coin.price * 0.9999, ask: coin.price * 1.0001,
      spread_bps: 2, last: coin.price, as_of: iso(now - 300), age_ms: 300, state: 'live', used: true, reason: 'used', weight: 0.5, deviation_pct: off, ...more,
    });
    const data = coin.price === null ? [] : [
      row('binance', 'usdt', 0.01),
      row('coinbase', 'usd', -0.01),
      row('kraken', 'usd', 900, { used: false, reason: 'outlier', weight: 0 }),
    ];
    return { origin: this.origin, data, next_cursor: null };
  }

  sources() {
    const now = Date.now();
    const messages = Math.floor((now - this.startedAt) / 4);
    const base = { undecodable: 0, connects: 1, disconnects: 0, outliers: 0, clock_offset_ms: 42, clock_off: false, attribution: '', attribution_url: '', detail: '', since: iso(this.startedAt), upstreams: [] };
    const exchange = (id, name, host, more) => ({ ...base, id, name, kind: 'exchange', feed: 'live', state: 'live', as_of: iso(now - 300), host, pairs: 312, live_pairs: 250, messages, trades: messages >> 1, quotes: messages >> 1, ...more });
    return {
      data: [
        exchange('binance', 'Binance', 'stream.binance.com'),
        exchange('coinbase', 'Coinbase Exchange', 'ws-feed.exchange.coinbase.com', { state: 'quiet', as_of: iso(now - 72_000) }),
        exchange('kraken', 'Kraken', 'ws.kraken.com', { feed: 'backing_off', state: 'stale', as_of: iso(now - 412_000), live_pairs: 0, undecodable: 3, outliers: 2, clock_offset_ms: -1840, clock_off: true, connects: 4, disconnects: 4, detail: 'connection refused; next attempt in 8 s', upstreams: upstreamsOfKraken(now) }),
        { ...exchange('coingecko', 'CoinGecko', 'api.coingecko.com'), kind: 'aggregator', clock_offset_ms: null, pairs: 300, live_pairs: 300, as_of: iso(now - 31_000), messages: 40, trades: 0, quotes: 12_000, attribution: 'Data by CoinGecko', attribution_url: 'https://www.coingecko.com/' },
      ],
    };
  }

  status() {
    const live = this.coins.filter((coin) => this.state(coin) === 'live').length;
    return {
      version: '0.1.0-mock', origin: this.origin, notice: this.origin === 'simulated' ? 'No real venue answered within 10 s. These prices come from a simulated market.' : '',
      ready: true, started_at: iso(this.startedAt), uptime_s: Math.floor((Date.now() - this.startedAt) / 1000), now: iso(Date.now()), epoch: this.epoch, position: this.seq,
      assets: this.coins.length, priced: this.coins.filter(({ price }) => price !== null).length, live,
      currencies: Object.keys(RATES).map((code) => ({ code, name: CURRENCY_NAMES[code], unit: code, kind: ['btc', 'xau'].includes(code) ? 'crypto' : 'fiat' })),
      store: { backend: 'mock', schema_version: 1, size_bytes: 1, rows_written: 1, rows_waiting: 0, healthy: true }, stream: { clients: 1, subscriptions: 1 }, memory_bytes: 1,
    };
  }
}
