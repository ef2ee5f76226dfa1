import { useEffect, useRef } from 'react';
import { useStatus } from '../api/queries';
import { useConnection, useSecond, useTickers } from '../app/hooks';
import { market } from '../app/services';

const DEFAULT_NOTICE = {
  simulated: 'No real venue is reached. Every price on this page is made up by a simulation.',
  replay: 'Recorded market data is being replayed. These are not the prices of now.',
} as const;

/** Cannot be dismissed: whoever sees a number must see that it is not real. */
function OriginBanner() {
  const { data } = useStatus();
  const first = useTickers()[0];
  const origins = [data?.origin, first?.origin];
  const origin = origins.includes('simulated') ? 'simulated' : origins.includes('replay') ? 'replay' : 'real';
  if (origin === 'real') {
    return data?.notice ? (
      <div className="banner banner-notice" role="status">
        {data.notice}
      </div>
    ) : null;
  }
  return (
    <div className="banner banner-origin" role="alert" data-testid="origin-banner">
      <strong>{origin === 'simulated' ? 'Simulated market' : 'Replay'}</strong>
      <span>{data?.notice || DEFAULT_NOTICE[origin]}</span>
    </div>
  );
}

function Countdown({ until }: { until: number }) {
  const now = useSecond();
  const seconds = Math.max(0, Math.ceil((until - now) / 1000));
  return <span className="countdown">{seconds > 0 ? `Next attempt in ${seconds} s.` : 'Trying now.'}</span>;
}

function ConnectionBanner() {
  const connection = useConnection();
  // The first connection attempt is loading, not a loss.
  if (connection.phase === 'open' || connection.phase === 'idle') return null;
  if (connection.phase === 'connecting' && connection.attempt === 0) return null;
  return (
    <div className="banner banner-offline" role="alert" data-testid="offline-banner">
      <strong>{connection.phase === 'failed' ? 'Connection refused' : 'Disconnected'}</strong>
      <span>
        Prices stand still and show their age.{' '}
        {connection.phase === 'waiting' ? <Countdown until={connection.retryAt} /> : null}
        {connection.phase === 'connecting' ? <span className="countdown">Trying now.</span> : null}
        {connection.phase === 'failed' ? connection.reason : null}
      </span>
      <button type="button" className="button" onClick={market.reconnect} disabled={connection.phase === 'connecting'}>
        Retry now
      </button>
    </div>
  );
}

/** What sticks below the banners (the head of the table) must know how high they are. */
function useHeightVariable(name: string) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const observer = new ResizeObserver(() => document.documentElement.style.setProperty(name, `${element.offsetHeight}px`));
    observer.observe(element);
    return () => observer.disconnect();
  }, [name]);
  return box;
}

export function Banners() {
  const box = useHeightVariable('--banner-height');
  return (
    <div className="banners" ref={box}>
      <OriginBanner />
      <ConnectionBanner />
    </div>
  );
}
