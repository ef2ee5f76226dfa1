import { useMemo } from 'react';
import { useVolatility } from '../api/queries';
import type { VolatilityRow } from '../api/types';
import { useCurrency } from '../app/currency';
import { useRow } from '../app/hooks';
import { coinPath, Link } from '../app/router';
import { Age, LivePrice, Monogram, Percent, StateBadge } from '../components/Cells';
import { ErrorPanel, PageSkeleton } from '../components/States';
import { formatClock, formatCount, formatPrice, UNKNOWN } from '../format';
import { searchCoins } from '../market/search';

const MINUTES_PER_DAY = 1440;

const percent = (value: number, digits: number) => `${(value * 100).toFixed(digits)}%`;

export default function VolatilityPage({ search }: { search: string }) {
  const currency = useCurrency();
  const query = useVolatility(currency);
  const rows = useMemo(() => searchCoins(query.data?.data ?? [], search), [query.data, search]);

  if (query.isError && !query.data) {
    return <ErrorPanel error={query.error} onRetry={() => void query.refetch()} what="No volatility ranking" />;
  }
  if (query.isPending) return <PageSkeleton />;
  const most = query.data?.data[0]?.volatility ?? 0;
  return (
    <section>
      <header className="page-head">
        <h1>Volatility</h1>
        <p className="muted">
          Standard deviation of the log returns of one-minute closes over the last 24 h, in {currency.toUpperCase()}. Rank 1 moves most.
          {query.data?.as_of ? ` As of ${formatClock(query.data.as_of)}.` : ''}
        </p>
      </header>
      <div className="panel">
        {rows.length === 0 ? (
          <div className="state-panel" data-testid="no-hits">
            <h2>{search ? 'Nothing found' : 'No ranking yet'}</h2>
            <p>{search ? `No ranked coin matches “${search}”.` : 'A coin is ranked once half an hour of its minutes is kept.'}</p>
          </div>
        ) : (
          <table className="plain-table volatility-table">
            <thead>
              <tr>
                <th scope="col">#</th>
                <th scope="col">Coin</th>
                <th scope="col" className="number">
                  Per minute
                </th>
                <th scope="col" className="number wide-only">
                  <abbr title="The figure per minute times the square root of 1440: what it would be over a day if minutes were independent">
                    Scaled to a day
                  </abbr>
                </th>
                <th scope="col" className="wide-only">
                  <span className="visually-hidden">Compared to the first</span>
                </th>
                <th scope="col" className="number">
                  Price
                </th>
                <th scope="col" className="number wide-only">
                  24 h
                </th>
                <th scope="col" className="number wide-only">
                  Minutes
                </th>
                <th scope="col" className="wide-only">
                  State
                </th>
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <Row key={row.id} row={row} most={most} currency={currency} />
              ))}
            </tbody>
          </table>
        )}
      </div>
    </section>
  );
}

function Row({ row, most, currency }: { row: VolatilityRow; most: number; currency: string }) {
  const live = useRow(row.id);
  const state = live?.ticker.state ?? row.price?.state;
  const asOf = live?.ticker.as_of ?? row.price?.as_of ?? null;
  return (
    <tr className={state ? `state-${state}` : undefined}>
      <td className="muted">{row.rank}</td>
      <td>
        <span className="coin-cell">
          <Monogram id={row.id} symbol={row.symbol} />
          <span className="coin">
            <Link className="coin-link" href={coinPath(row.id)}>
              {row.name}
            </Link>
            <span className="symbol">{row.symbol.toUpperCase()}</span>
          </span>
        </span>
      </td>
      <td className="number">
        {percent(row.volatility, 3)}
        {row.complete ? null : (
          <span className="hint" title="Minutes are missing in the window">
            {' '}
            incomplete
          </span>
        )}
      </td>
      <td className="number wide-only">{percent(row.volatility * Math.sqrt(MINUTES_PER_DAY), 1)}</td>
      <td className="wide-only bar-cell" aria-hidden="true">
        <i className="bar" style={{ width: `${most > 0 ? (row.volatility / most) * 100 : 0}%` }} />
      </td>
      <td className="number">
        {live ? <LivePrice row={live} currency={currency} /> : <span className="price">{formatPrice(row.price?.price, currency)}</span>}
        <span className="sub-age">
          <Age asOf={asOf} />
        </span>
      </td>
      <td className="number wide-only">{live ? <Percent value={live.ticker.change_24h_pct} /> : UNKNOWN}</td>
      <td className="number wide-only muted">{formatCount(row.returns)}</td>
      <td className="wide-only">{state ? <StateBadge state={state} /> : null}</td>
    </tr>
  );
}
