import { useMemo } from 'react';
import { useCurrency } from '../app/currency';
import { useLoadState, useTickers } from '../app/hooks';
import { market } from '../app/services';
import { ErrorPanel, SkeletonRows } from '../components/States';
import { searchCoins } from '../market/search';
import { MarketTable } from './markets/MarketTable';
import { Overview } from './markets/Overview';

export function MarketsPage({ search }: { search: string }) {
  const currency = useCurrency();
  const tickers = useTickers();
  const load = useLoadState();
  const found = useMemo(() => searchCoins(tickers, search), [tickers, search]);

  return (
    <>
      <h1 className="visually-hidden">Top coins</h1>
      <Overview tickers={tickers} currency={currency} />
      {tickers.length > 0 ? (
        <>
          <div className="panel">
            <MarketTable tickers={found} currency={currency} />
            {found.length === 0 ? <NoHits search={search} /> : null}
          </div>
          <p className="visually-hidden" role="status">
            {search ? `${found.length} coins found` : ''}
          </p>
        </>
      ) : load.phase === 'failed' ? (
        <ErrorPanel error={load.error} onRetry={market.load} what="No prices yet" />
      ) : load.phase === 'ready' ? (
        <section className="panel state-panel" data-testid="empty-panel">
          <h2>No coins are tracked yet</h2>
          <p>The server runs, but no source has told it of any coin. Prices appear here by themselves.</p>
        </section>
      ) : (
        <div className="panel">
          <SkeletonRows count={14} className="market-row market-skeleton" />
        </div>
      )}
    </>
  );
}

function NoHits({ search }: { search: string }) {
  return (
    <div className="state-panel" data-testid="no-hits">
      <h2>Nothing found</h2>
      <p>
        No tracked coin matches <q>{search}</q>. Search looks at names and symbols.
      </p>
    </div>
  );
}
