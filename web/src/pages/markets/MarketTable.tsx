import { useTable, type SortingState } from '@tanstack/react-table';
import { useWindowVirtualizer } from '@tanstack/react-virtual';
import { memo, useLayoutEffect, useRef, useState } from 'react';
import type { Ticker } from '../../api/types';
import { PHONE, useMedia, useRow } from '../../app/hooks';
import { columnDefs, features, MARKET_COLUMNS } from './columns';

const ROW_HEIGHT = 46;
const PHONE_ROW_HEIGHT = 84;

/** One coin. It listens to the store by itself, so a tick renders this row and nothing else. */
const MarketRow = memo(function MarketRow({ id, index, top, currency }: { id: string; index: number; top: number; currency: string }) {
  const row = useRow(id);
  if (!row) return null;
  const known = row.ticker.price == null ? ' unpriced' : '';
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      className={`market-row market-item state-${row.ticker.state}${known}`}
      style={{ transform: `translateY(${top}px)` }}
      data-coin={id}
    >
      {MARKET_COLUMNS.map((column) => (
        <div key={column.id} role="cell" className={`cell cell-${column.id}`}>
          {column.cell(row, currency)}
        </div>
      ))}
    </div>
  );
});

export function MarketTable({ tickers, currency }: { tickers: readonly Ticker[]; currency: string }) {
  const [sorting, setSorting] = useState<SortingState>([{ id: 'rank', desc: false }]);
  const phone = useMedia(PHONE);
  const body = useRef<HTMLDivElement>(null);
  const [offset, setOffset] = useState(0);
  const table = useTable({
    features,
    columns: columnDefs,
    data: tickers as Ticker[],
    getRowId: (ticker) => ticker.id,
    state: { sorting },
    onSortingChange: setSorting,
    enableSortingRemoval: false,
    enableMultiSort: false,
  });
  const rows = table.getRowModel().rows;

  // Banners above come and go and move the table; the virtual rows are placed relative to the page.
  useLayoutEffect(() => {
    const measure = () => setOffset((body.current?.getBoundingClientRect().top ?? 0) + window.scrollY);
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(document.body);
    return () => observer.disconnect();
  }, []);

  const height = phone ? PHONE_ROW_HEIGHT : ROW_HEIGHT;
  const virtualizer = useWindowVirtualizer({
    count: rows.length,
    estimateSize: () => height,
    overscan: 8,
    scrollMargin: offset,
  });
  useLayoutEffect(() => virtualizer.measure(), [height, virtualizer]);

  const sorted = sorting[0];
  return (
    <>
      <PhoneSort sorting={sorting} onSorting={setSorting} />
      <div role="table" aria-label="Top coins" aria-rowcount={rows.length + 1} className="market-table">
        <div role="row" aria-rowindex={1} className="market-row market-head">
          {table.getHeaderGroups()[0]?.headers.map(({ column }) => {
            const info = MARKET_COLUMNS.find(({ id }) => id === column.id);
            const active = sorted?.id === column.id;
            return (
              <div
                key={column.id}
                role="columnheader"
                className={`cell cell-${column.id}`}
                aria-sort={active ? (sorted.desc ? 'descending' : 'ascending') : 'none'}
              >
                <button type="button" onClick={() => column.toggleSorting()} aria-label={`Sort by ${info?.title ?? info?.header}`}>
                  {info?.header}
                  <span className="sort-mark" aria-hidden="true">
                    {active ? (sorted.desc ? '↓' : '↑') : ''}
                  </span>
                </button>
              </div>
            );
          })}
        </div>
        <div ref={body} role="rowgroup" className="market-body" style={{ height: virtualizer.getTotalSize() }}>
          {virtualizer.getVirtualItems().map((item) => {
            const row = rows[item.index];
            return row ? (
              <MarketRow key={row.id} id={row.id} index={item.index} top={item.start - offset} currency={currency} />
            ) : null;
          })}
        </div>
      </div>
    </>
  );
}

/** On a phone there is no room for column heads: the same choice as a menu. */
function PhoneSort({ sorting, onSorting }: { sorting: SortingState; onSorting: (sorting: SortingState) => void }) {
  const { id, desc } = sorting[0] ?? { id: 'rank', desc: false };
  const choose = (next: string) => {
    const column = MARKET_COLUMNS.find((each) => each.id === next);
    onSorting([{ id: next, desc: column?.descendingFirst ?? false }]);
  };
  return (
    <div className="phone-sort">
      <label>
        Sort by{' '}
        <select className="select" value={id} onChange={(event) => choose(event.target.value)}>
          {MARKET_COLUMNS.map((column) => (
            <option key={column.id} value={column.id}>
              {column.title ?? column.header}
            </option>
          ))}
        </select>
      </label>
      <button
        type="button"
        className="button"
        onClick={() => onSorting([{ id, desc: !desc }])}
        aria-label={desc ? 'Descending; switch to ascending' : 'Ascending; switch to descending'}
      >
        {desc ? '↓' : '↑'}
      </button>
    </div>
  );
}
