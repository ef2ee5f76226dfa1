import { useMemo } from 'react';
import type { Ticker } from '../../api/types';
import { useConnection } from '../../app/hooks';
import { formatCompactMoney, formatCount } from '../../format';

/** Sums of what is on the table; with a number missing it is left out, not guessed. */
export function summarize(tickers: readonly Ticker[]) {
  let cap = 0;
  let volume = 0;
  let up = 0;
  let down = 0;
  let live = 0;
  for (const ticker of tickers) {
    cap += ticker.market_cap ?? 0;
    volume += ticker.volume_24h ?? 0;
    if ((ticker.change_24h_pct ?? 0) > 0) up += 1;
    if ((ticker.change_24h_pct ?? 0) < 0) down += 1;
    if (ticker.state === 'live') live += 1;
  }
  return { cap, volume, up, down, live, count: tickers.length };
}

export function Overview({ tickers, currency }: { tickers: readonly Ticker[]; currency: string }) {
  const sums = useMemo(() => summarize(tickers), [tickers]);
  const open = useConnection().phase === 'open';
  const ready = sums.count > 0;
  return (
    <dl className="overview" aria-label="The market at a glance">
      <div>
        <dt>Coins</dt>
        <dd>{ready ? formatCount(sums.count) : '–'}</dd>
      </div>
      <div>
        <dt>Live now</dt>
        <dd>{ready && open ? formatCount(sums.live) : '–'}</dd>
      </div>
      <div>
        <dt>Market cap</dt>
        <dd>{ready ? formatCompactMoney(sums.cap, currency) : '–'}</dd>
      </div>
      <div>
        <dt>Volume 24 h</dt>
        <dd>{ready ? formatCompactMoney(sums.volume, currency) : '–'}</dd>
      </div>
      <div>
        <dt>Up / down</dt>
        <dd>
          {ready ? (
            <>
              <span className="up">▲ {sums.up}</span> <span className="down">▼ {sums.down}</span>
            </>
          ) : (
            '–'
          )}
        </dd>
      </div>
    </dl>
  );
}
