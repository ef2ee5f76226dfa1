import { useMarkets, useSourceNames } from '../api/queries';
import type { Market } from '../api/types';
import { formatPercent, formatPrice, formatShare, UNKNOWN } from '../format';
import { Age, StateBadge } from './Cells';

const REASONS: Record<Market['reason'], string> = {
  used: 'counts',
  outlier: 'left out: too far from the others',
  frozen: 'left out: its price does not move any more',
  quiet: 'waits: other venues are live',
  stale: 'left out: nothing new for too long',
  down: 'left out: not connected, or it said nothing yet',
  no_price: 'left out: no price that makes sense',
  no_rate: 'left out: its currency has no price',
  not_counted: 'tells of its currency only',
  not_subscribed: 'not listed now',
};

/** What is left out comes last; else the server's order, so that no row moves while it is looked at. */
const usedFirst = (markets: readonly Market[]) => [...markets.filter(({ used }) => used), ...markets.filter(({ used }) => !used)];

const number = (value: number | string | null) => (value == null ? null : Number(value));

/** Each venue's price of a coin: what it says, how old that is, and whether it counts. */
export function Venues({ id }: { id: string }) {
  const query = useMarkets(id);
  const nameOf = useSourceNames();
  const markets = usedFirst(query.data?.data.filter((market) => market.reason !== 'not_counted') ?? []);
  if (markets.length === 0) return null;
  const used = markets.filter((market) => market.used).length;
  return (
    <section className="panel venues" aria-label="Venues">
      <header className="panel-head">
        <h2>Venues</h2>
        <p className="muted small">
          {used} of {markets.length} pairs count: the price is their median, weighted by what they traded lately. What is left out says why.
        </p>
      </header>
      <table className="plain-table venues-table">
        <thead>
          <tr>
            <th scope="col">Venue</th>
            <th scope="col" className="number">
              Price
            </th>
            <th scope="col" className="number wide-only">
              <abbr title="How far from the price above">Off by</abbr>
            </th>
            <th scope="col" className="number wide-only">
              <abbr title="Between bid and ask, in basis points: hundredths of a percent">Spread</abbr>
            </th>
            <th scope="col" className="number">
              Weight
            </th>
            <th scope="col" className="number">
              Age
            </th>
            <th scope="col" className="wide-only">
              State
            </th>
          </tr>
        </thead>
        <tbody>
          {markets.map((market) => (
            <VenueRow key={`${market.venue} ${market.symbol}`} market={market} name={nameOf(market.venue)} />
          ))}
        </tbody>
      </table>
    </section>
  );
}

function VenueRow({ market, name }: { market: Market; name: string }) {
  const spread = number(market.spread_bps);
  const price = number(market.price_usd);
  const weight = number(market.weight) ?? 0;
  return (
    <tr className={market.used ? undefined : 'left-out'} data-venue={market.venue} data-reason={market.reason}>
      <td>
        {name} <span className="venue-pair muted">{market.pair.toUpperCase()}</span>
        {market.used ? null : <span className="venue-reason small">{REASONS[market.reason]}</span>}
      </td>
      <td className="number">{price == null ? UNKNOWN : formatPrice(price, 'usd')}</td>
      <td className="number wide-only">{market.deviation_pct == null ? UNKNOWN : formatPercent(number(market.deviation_pct))}</td>
      <td className="number wide-only">{spread == null ? UNKNOWN : `${spread.toFixed(spread < 10 ? 2 : 0)} bp`}</td>
      <td className="number">{market.used ? formatShare(weight) : UNKNOWN}</td>
      <td className="number">
        <Age asOf={market.as_of} />
      </td>
      <td className="wide-only">
        <StateBadge state={market.state} />
      </td>
    </tr>
  );
}
