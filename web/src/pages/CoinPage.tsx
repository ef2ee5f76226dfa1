import { useEffect, useMemo, useState } from 'react';
import { RANGES, useAsset, useCandles, useGaps, useHistory, useSourceNames, useTakeovers, type Range } from '../api/queries';
import type { Ticker } from '../api/types';
import { useCurrency } from '../app/currency';
import { useRow } from '../app/hooks';
import { Link } from '../app/router';
import { shownGaps } from '../chart/gaps';
import { PriceChart } from '../chart/PriceChart';
import { marks } from '../chart/takeovers';
import { Age, Change, DayRange, LivePrice, Monogram, Percent, StateBadge } from '../components/Cells';
import { Coverage } from '../components/Coverage';
import { ErrorPanel, PageSkeleton } from '../components/States';
import { Venues } from '../components/Venues';
import { formatCompact, formatCompactMoney, formatDateTime, formatPrice, UNKNOWN } from '../format';
import type { Row } from '../market/store';

/** The live row where the coin is on the table; else what the plain request told, which is in USD only. */
function useCoin(id: string, currency: string): { row: Row | undefined; coinId: string; query: ReturnType<typeof useAsset> } {
  const query = useAsset(id);
  // A symbol or another spelling in the address: the answer names the id.
  const coinId = query.data?.id ?? id;
  const live = useRow(coinId);
  const ticker = query.data?.ticker;
  const fallback = ticker && ticker.price != null && currency === 'usd' ? { ticker, moved: 'none' as const, moves: 0 } : undefined;
  return { row: live ?? fallback, coinId, query };
}

export default function CoinPage({ id }: { id: string }) {
  const currency = useCurrency();
  const { row, coinId, query } = useCoin(id, currency);
  const name = row?.ticker.name ?? query.data?.name;

  useEffect(() => {
    document.title = name ? `${name} ${row ? formatPrice(row.ticker.price, currency) : ''} · Tickspan` : 'Tickspan';
  }, [name, row, currency]);

  if (!row && query.isError) {
    return <ErrorPanel error={query.error} onRetry={() => void query.refetch()} what={`No coin at “${id}”`} />;
  }
  if (!row && query.isPending) return <PageSkeleton />;
  const symbol = row?.ticker.symbol ?? query.data?.symbol ?? '';
  return (
    <article className="coin-page">
      <header className="coin-head">
        <Monogram id={coinId} symbol={symbol} large />
        <div className="coin-title">
          <h1>
            {name} <span className="symbol">{symbol.toUpperCase()}</span>
          </h1>
          <p className="muted small">
            <Link href="/">Markets</Link> · rank {row?.ticker.rank ?? UNKNOWN}
          </p>
        </div>
        {row ? <PriceHead row={row} currency={currency} /> : <p className="muted">No price in {currency.toUpperCase()} yet.</p>}
      </header>
      <ChartPanel id={coinId} currency={currency} row={row} />
      {row ? <Facts ticker={row.ticker} currency={currency} /> : null}
      <Venues id={coinId} />
    </article>
  );
}

function PriceHead({ row, currency }: { row: Row; currency: string }) {
  const { ticker } = row;
  const nameOf = useSourceNames();
  return (
    <div className={`coin-price state-${ticker.state}`}>
      <div className="big-price" data-testid="coin-price">
        <LivePrice row={row} currency={currency} />
      </div>
      <div className="coin-price-line">
        <Percent value={ticker.change_24h_pct} />
        <Change value={ticker.change_24h} price={ticker.price} currency={currency} />
        <StateBadge state={ticker.state} />
        <Age asOf={ticker.as_of} />
      </div>
      {ticker.source === 'composite' ? null : (
        <p className="small muted" data-testid="price-source">
          from {nameOf(ticker.source)}
          {ticker.source_since ? ` since ${formatDateTime(Date.parse(ticker.source_since))}` : ''}: no venue gives a current price
        </p>
      )}
    </div>
  );
}

type Shape = 'line' | 'candles';

function ChartPanel({ id, currency, row }: { id: string; currency: string; row: Row | undefined }) {
  const [range, setRange] = useState<Range>('24h');
  const [shape, setShape] = useState<Shape>('line');
  const history = useHistory(id, currency, range, shape === 'line');
  const candles = useCandles(id, currency, range, shape === 'candles');
  const query = shape === 'line' ? history : candles;
  const answer = query.data;
  const recorded = useGaps(id, range).data;
  const gaps = useMemo(() => shownGaps(recorded?.data ?? [], answer?.gaps ?? []), [recorded, answer?.gaps]);
  const oldestShown = recorded?.next_cursor ? recorded.data.at(-1) : undefined;
  const changes = useTakeovers(id, range).data;
  // Where it all began is no change.
  const nameOf = useSourceNames();
  const takeovers = useMemo(() => marks((changes?.data ?? []).filter(({ from }) => from !== null), nameOf), [changes, nameOf]);
  const points = shape === 'line' ? (history.data?.prices.length ?? 0) : (candles.data?.candles.length ?? 0);

  return (
    <section className="panel chart-panel" aria-label="Price chart">
      <div className="chart-tools">
        <Choice label="Range" value={range} onChange={setRange} options={Object.keys(RANGES) as Range[]} />
        <Choice label="Form" value={shape} onChange={setShape} options={['line', 'candles'] as const} />
      </div>
      <div className="chart-box">
        {query.isError && !answer ? (
          <ErrorPanel error={query.error} onRetry={() => void query.refetch()} what="No chart" />
        ) : query.isPending ? (
          <span className="skeleton chart-skeleton" aria-busy="true" aria-label="Loading the chart" />
        ) : points === 0 ? (
          <div className="state-panel" data-testid="chart-empty">
            <h2>No history yet</h2>
            <p>Nothing is stored of the last {RANGES[range].label}. The chart grows as prices come in.</p>
          </div>
        ) : (
          <PriceChart
            key={`${shape}-${range}-${currency}`}
            currency={currency}
            live={row?.ticker}
            stepMs={STEP_MS[range]}
            line={shape === 'line' ? history.data : undefined}
            candles={shape === 'candles' ? candles.data : undefined}
            gaps={gaps}
            takeovers={takeovers}
          />
        )}
      </div>
      {answer ? (
        <Coverage
          start={query.dataUpdatedAt - RANGES[range].days * 86_400_000}
          end={query.dataUpdatedAt}
          complete={answer.complete}
          gaps={gaps}
          gapsSince={oldestShown && Date.parse(oldestShown.start)}
          source={answer.source}
          conversion={answer.conversion}
        />
      ) : null}
      {takeovers.length > 0 ? (
        <div className="small" data-testid="takeovers">
          <p className="muted">
            <i className="takeover-swatch" aria-hidden="true" /> Another source began to give the price:
          </p>
          <ul className="gap-list" aria-label="Changes of the price's source, newest first">
            {takeovers.slice(0, SHOWN_TAKEOVERS).map(({ at, text }) => (
              <li key={at}>{text}</li>
            ))}
            {takeovers.length > SHOWN_TAKEOVERS ? <li>and {changes?.next_cursor ? 'at least ' : ''}{takeovers.length - SHOWN_TAKEOVERS} more</li> : null}
          </ul>
        </div>
      ) : null}
    </section>
  );
}

const SHOWN_TAKEOVERS = 6;
const STEP_MS: Record<Range, number> = { '24h': 300_000, '7d': 3_600_000, '30d': 14_400_000 };

function Choice<T extends string>({ label, value, onChange, options }: { label: string; value: T; onChange: (value: T) => void; options: readonly T[] }) {
  return (
    <div className="choice" role="group" aria-label={label}>
      {options.map((option) => (
        <button key={option} type="button" aria-pressed={option === value} onClick={() => onChange(option)}>
          {option}
        </button>
      ))}
    </div>
  );
}

const WINDOW_SOURCES: Record<string, string> = {
  own: 'from the minutes kept here',
  aggregator: 'from the aggregator, until 24 h of own minutes are kept',
  none: 'not known yet',
};

function Facts({ ticker, currency }: { ticker: Ticker; currency: string }) {
  const nameOf = useSourceNames();
  const supplyShare = ticker.circulating_supply != null && ticker.max_supply ? (ticker.circulating_supply / ticker.max_supply) * 100 : null;
  const facts: [string, string][] = [
    ['Market cap', formatCompactMoney(ticker.market_cap, currency)],
    ['Volume 24 h', formatCompactMoney(ticker.volume_24h, currency)],
    ['High 24 h', formatPrice(ticker.high_24h, currency)],
    ['Low 24 h', formatPrice(ticker.low_24h, currency)],
    ['Circulating', `${formatCompact(ticker.circulating_supply)}${supplyShare == null ? '' : ` (${supplyShare.toFixed(0)}% of max)`}`],
    ['Total supply', formatCompact(ticker.total_supply)],
    ['Max supply', ticker.max_supply == null ? 'none stated' : formatCompact(ticker.max_supply)],
    ['Facts of', ticker.facts_as_of ? formatDateTime(ticker.facts_as_of) : UNKNOWN],
  ];
  return (
    <div className="fact-grid">
      <section className="panel facts" aria-label="Facts">
        <h2>Facts</h2>
        <div className="fact-range">
          <span className="muted small">{formatPrice(ticker.low_24h, currency)}</span>
          <DayRange price={ticker.price} low={ticker.low_24h} high={ticker.high_24h} currency={currency} />
          <span className="muted small">{formatPrice(ticker.high_24h, currency)}</span>
        </div>
        <dl>
          {facts.map(([term, text]) => (
            <div key={term}>
              <dt>{term}</dt>
              <dd>{text}</dd>
            </div>
          ))}
        </dl>
      </section>
      <section className="panel facts" aria-label="Where this price comes from">
        <h2>Where it comes from</h2>
        <dl>
          <div>
            <dt>Price</dt>
            <dd>{ticker.source === 'composite' ? `composite of ${ticker.venues} fresh market${ticker.venues === 1 ? '' : 's'}` : nameOf(ticker.source)}</dd>
          </div>
          <div>
            <dt>Since</dt>
            <dd>{ticker.source_since ? formatDateTime(Date.parse(ticker.source_since)) : UNKNOWN}</dd>
          </div>
          <div>
            <dt>Origin</dt>
            <dd>{ticker.origin}</dd>
          </div>
          <div>
            <dt>As of</dt>
            <dd>{ticker.as_of ? new Date(ticker.as_of).toLocaleString('en-GB') : UNKNOWN}</dd>
          </div>
          <div>
            <dt>24 h figures</dt>
            <dd>{WINDOW_SOURCES[ticker.window_source] ?? ticker.window_source}</dd>
          </div>
        </dl>
        <p className="small">
          <Link href="/sources">Health of all sources</Link>
        </p>
      </section>
    </div>
  );
}
