import { lazy, Suspense, useEffect, useState } from 'react';
import { Banners } from '../components/Banners';
import { Footer } from '../components/Footer';
import { Header } from '../components/Header';
import { PageSkeleton } from '../components/States';
import { MarketsPage } from '../pages/MarketsPage';
import { CurrencyContext, loadCurrency, saveCurrency } from './currency';
import { useConnection } from './hooks';
import { Link, parseRoute, usePath, type Route } from './router';
import { market } from './services';

const CoinPage = lazy(() => import('../pages/CoinPage'));
const VolatilityPage = lazy(() => import('../pages/VolatilityPage'));
const SourcesPage = lazy(() => import('../pages/SourcesPage'));

function Page({ route, search }: { route: Route; search: string }) {
  switch (route.page) {
    case 'markets':
      return <MarketsPage search={search} />;
    case 'coin':
      return <CoinPage key={route.id} id={route.id} />;
    case 'volatility':
      return <VolatilityPage search={search} />;
    case 'sources':
      return <SourcesPage />;
    case 'unknown':
      return (
        <section className="panel state-panel">
          <h1>No such page</h1>
          <p>
            There is nothing at <code>{route.path}</code>.
          </p>
          <Link className="button" href="/">
            To the markets
          </Link>
        </section>
      );
  }
}

const TITLES: Record<Route['page'], string> = {
  markets: 'Markets',
  coin: 'Coin',
  volatility: 'Volatility',
  sources: 'Sources',
  unknown: 'No such page',
};

export function App() {
  const route = parseRoute(usePath());
  const [currency, setCurrency] = useState(loadCurrency);
  const [search, setSearch] = useState('');
  const offline = useConnection().phase !== 'open';

  useEffect(() => market.setCurrency(currency), [currency]);
  useEffect(() => {
    if (route.page !== 'coin') document.title = `${TITLES[route.page]} · Tickspan`;
  }, [route.page]);

  const choose = (code: string) => {
    saveCurrency(code);
    setCurrency(code);
  };
  return (
    <CurrencyContext value={currency}>
      <a className="skip" href="#main">
        Skip to content
      </a>
      <div className={offline ? 'app offline' : 'app'}>
        <Header route={route} currency={currency} onCurrency={choose} search={search} onSearch={setSearch} />
        <Banners />
        <main id="main" tabIndex={-1}>
          <Suspense fallback={<PageSkeleton />}>
            <Page route={route} search={search} />
          </Suspense>
        </main>
        <Footer />
      </div>
    </CurrencyContext>
  );
}
