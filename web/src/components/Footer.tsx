import { useSources, useStatus } from '../api/queries';

export function Footer() {
  const { data: sources } = useSources();
  const { data: status } = useStatus();
  const credits = (sources?.data ?? []).filter(({ attribution }) => attribution !== '');
  return (
    <footer className="footer">
      <p>
        {credits.map(({ id, attribution, attribution_url: url }) => (
          <span key={id} className="credit">
            {url ? (
              <a href={url} rel="noopener noreferrer" target="_blank">
                {attribution}
              </a>
            ) : (
              attribution
            )}
          </span>
        ))}
        <span className="credit">
          Charts by{' '}
          <a href="https://www.tradingview.com/" rel="noopener noreferrer" target="_blank">
            TradingView Lightweight Charts™
          </a>
          , © TradingView, Inc.
        </span>
      </p>
      <p>
        <span className="credit">Tickspan {status?.version}</span>
        <a className="credit" href="/docs">
          API
        </a>
        <a className="credit" href="/cryptos/">
          Top 10
        </a>
        <a className="credit" href="/licenses.txt">
          Licences
        </a>
        <span className="credit">Not investment advice.</span>
      </p>
    </footer>
  );
}
