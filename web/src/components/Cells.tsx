import { memo } from 'react';
import type { State } from '../api/types';
import { useConnection, useSecond } from '../app/hooks';
import { direction, formatAge, formatChange, formatPercent, formatPrice, priceDigits, spokenAge, UNKNOWN } from '../format';
import { serverClock } from '../market/clock';
import type { Row } from '../market/store';

function hueOf(text: string): number {
  let hash = 7;
  for (const character of text) hash = (hash * 31 + character.charCodeAt(0)) % 3600;
  return hash % 360;
}

/** A coloured disc with the coin's letters: pictures would have to come from somebody else's server. */
export const Monogram = memo(function Monogram({ id, symbol, large = false }: { id: string; symbol: string; large?: boolean }) {
  const letters = symbol.slice(0, symbol.length > 4 ? 3 : 4).toUpperCase();
  return (
    <span
      className={large ? 'monogram monogram-large' : 'monogram'}
      style={{ '--hue': hueOf(id) } as React.CSSProperties}
      data-length={letters.length}
      aria-hidden="true"
    >
      {letters}
    </span>
  );
});

const ARROWS = { up: '▲', down: '▼', flat: '■' } as const;
const SPOKEN = { up: 'up', down: 'down', flat: 'unchanged' } as const;

/** A change in percent: sign, arrow and colour say the same thing. */
export function Percent({ value }: { value: number | null | undefined }) {
  if (value == null) return <span className="muted">{UNKNOWN}</span>;
  const way = direction(value);
  return (
    <span className={`change ${way}`}>
      <span className="arrow" aria-hidden="true">
        {ARROWS[way]}
      </span>
      <span className="visually-hidden">{SPOKEN[way]} </span>
      {formatPercent(value)}
    </span>
  );
}

/** The same change in money. */
export function Change({ value, price, currency }: { value: number | null | undefined; price: number | null | undefined; currency: string }) {
  if (value == null) return <span className="muted">{UNKNOWN}</span>;
  const way = direction(value, priceDigits(price ?? value).maximum);
  return <span className={`change ${way}`}>{formatChange(value, price, currency)}</span>;
}

/** The price; each move remounts the text, which starts the flash anew. */
export function LivePrice({ row, currency }: { row: Row; currency: string }) {
  return (
    <span key={row.moves} className={`price flash-${row.moved}`} data-moves={row.moves}>
      {formatPrice(row.ticker.price, currency)}
    </span>
  );
}

/** How old the price is now; ticks every second. */
export function Age({ asOf }: { asOf: string | null }) {
  useSecond();
  if (!asOf) return <span className="muted">{UNKNOWN}</span>;
  const age = serverClock.age(asOf);
  return (
    <span className="age" title={new Date(asOf).toLocaleString()}>
      <span aria-hidden="true">{formatAge(age)}</span>
      <span className="visually-hidden">{spokenAge(age)}</span>
    </span>
  );
}

const STATES: Record<State | 'offline', { label: string; hint: string }> = {
  live: { label: 'live', hint: 'Fresh: trades or quotes arrive' },
  quiet: { label: 'quiet', hint: 'The connection lives, but this market trades seldom' },
  stale: { label: 'stale', hint: 'Nothing new for longer than this source should take' },
  down: { label: 'down', hint: 'No source gives this price at present' },
  offline: { label: 'offline', hint: 'This page has lost the server: the last known price' },
};

/** What the price is worth. Without a connection nothing is called live. */
export function StateBadge({ state, always = false }: { state: State; always?: boolean }) {
  const { phase } = useConnection();
  const shown = phase === 'open' || always ? state : 'offline';
  const { label, hint } = STATES[shown];
  return (
    <span className={`badge badge-${shown}`} title={hint}>
      <i className="dot" aria-hidden="true" />
      {label}
    </span>
  );
}

/** Where the price stands between the day's low and high. */
export function DayRange({ price, low, high, currency }: { price: number | null; low: number | null; high: number | null; currency: string }) {
  if (price == null || low == null || high == null || high <= low) return <span className="muted">{UNKNOWN}</span>;
  const place = Math.min(1, Math.max(0, (price - low) / (high - low)));
  const text = `Low ${formatPrice(low, currency)}, high ${formatPrice(high, currency)}`;
  return (
    <span className="day-range" role="img" aria-label={text} title={text}>
      <i style={{ left: `${(place * 100).toFixed(1)}%` }} />
    </span>
  );
}
