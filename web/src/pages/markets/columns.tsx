import { constructSortFn, createSortedRowModel, rowSortingFeature, tableFeatures, type ColumnDef } from '@tanstack/react-table';
import type { ReactNode } from 'react';
import type { State, Ticker } from '../../api/types';
import { Age, Change, DayRange, LivePrice, Monogram, Percent, StateBadge } from '../../components/Cells';
import { coinPath, Link } from '../../app/router';
import { formatCompactMoney, formatPrice } from '../../format';
import type { Row } from '../../market/store';

/** Text without regard to case, numbers by size. Unknown values come last either way (sortUndefined). */
export function compareValues(a: unknown, b: unknown): number {
  if (typeof a === 'string' && typeof b === 'string') return a.localeCompare(b, 'en', { sensitivity: 'base' });
  return Number(a) - Number(b);
}

export const features = tableFeatures({
  rowSortingFeature,
  sortedRowModel: createSortedRowModel(),
  sortFns: { value: constructSortFn({ sort: compareValues }) },
});

/** A column: what it sorts by, and how its cell looks. The cell reads the live row, the order the last list. */
export interface MarketColumn {
  id: string;
  header: string;
  /** Spoken and in the phone's sort menu, where the header is short. */
  title?: string;
  value: (ticker: Ticker) => number | string | null;
  descendingFirst: boolean;
  cell: (row: Row, currency: string) => ReactNode;
}

const STATE_ORDER: Record<State, number> = { live: 0, quiet: 1, stale: 2, down: 3 };

export const MARKET_COLUMNS: readonly MarketColumn[] = [
  {
    id: 'rank',
    header: '#',
    title: 'Rank',
    value: ({ rank }) => rank,
    descendingFirst: false,
    cell: ({ ticker }) => <span className="muted">{ticker.rank ?? '–'}</span>,
  },
  {
    id: 'name',
    header: 'Coin',
    value: ({ name }) => name,
    descendingFirst: false,
    cell: ({ ticker }) => (
      <>
        <Monogram id={ticker.id} symbol={ticker.symbol} />
        <span className="coin">
          <Link className="coin-link" href={coinPath(ticker.id)}>
            {ticker.name}
          </Link>
          <span className="symbol">{ticker.symbol.toUpperCase()}</span>
        </span>
      </>
    ),
  },
  {
    id: 'price',
    header: 'Price',
    value: ({ price }) => price,
    descendingFirst: true,
    cell: (row, currency) => <LivePrice row={row} currency={currency} />,
  },
  {
    id: 'percent',
    header: '24 h %',
    title: '24 h change in percent',
    value: (ticker) => ticker.change_24h_pct,
    descendingFirst: true,
    cell: ({ ticker }) => <Percent value={ticker.change_24h_pct} />,
  },
  {
    id: 'change',
    header: '24 h change',
    value: (ticker) => ticker.change_24h,
    descendingFirst: true,
    cell: ({ ticker }, currency) => <Change value={ticker.change_24h} price={ticker.price} currency={currency} />,
  },
  {
    id: 'range',
    header: '24 h range',
    title: 'Place within the 24 h range',
    value: ({ price, low_24h: low, high_24h: high }) =>
      price == null || low == null || high == null || high <= low ? null : (price - low) / (high - low),
    descendingFirst: true,
    cell: ({ ticker }, currency) => (
      <span className="range-cell" title={`${formatPrice(ticker.low_24h, currency)} to ${formatPrice(ticker.high_24h, currency)}`}>
        <DayRange price={ticker.price} low={ticker.low_24h} high={ticker.high_24h} currency={currency} />
      </span>
    ),
  },
  {
    id: 'cap',
    header: 'Market cap',
    value: (ticker) => ticker.market_cap,
    descendingFirst: true,
    cell: ({ ticker }, currency) => (
      <>
        <span className="phone-label">Cap </span>
        {formatCompactMoney(ticker.market_cap, currency)}
      </>
    ),
  },
  {
    id: 'volume',
    header: 'Volume 24 h',
    value: (ticker) => ticker.volume_24h,
    descendingFirst: true,
    cell: ({ ticker }, currency) => (
      <>
        <span className="phone-label">Vol </span>
        {formatCompactMoney(ticker.volume_24h, currency)}
      </>
    ),
  },
  {
    id: 'age',
    header: 'Age',
    title: 'Age of the price',
    // The newest first when descending, as the eye expects of a time.
    value: (ticker) => (ticker.as_of ? Date.parse(ticker.as_of) : null),
    descendingFirst: true,
    cell: ({ ticker }) => <Age asOf={ticker.as_of} />,
  },
  {
    id: 'state',
    header: 'State',
    value: ({ state }) => STATE_ORDER[state],
    descendingFirst: false,
    cell: ({ ticker }) => <StateBadge state={ticker.state} />,
  },
];

export const columnDefs: ColumnDef<typeof features, Ticker>[] = MARKET_COLUMNS.map(({ id, header, value, descendingFirst }) => ({
  id,
  header,
  accessorFn: (ticker: Ticker) => value(ticker) ?? undefined,
  sortFn: 'value',
  sortUndefined: 'last',
  sortDescFirst: descendingFirst,
}));
