import { useEffect, useRef, useState } from 'react';
import type { Candles, History, Ticker } from '../api/types';
import { useMedia } from '../app/hooks';
import { formatPrice } from '../format';
import { serverClock } from '../market/clock';
import { GapShades } from './GapShades';
import type { ShownGap } from './gaps';
import { createPriceChart, type PriceChartHandle } from './lightweight';
import { bars, linePoints } from './series';
import { TakeoverMarks } from './TakeoverMarks';
import type { Mark } from './takeovers';

interface PriceChartProps {
  currency: string;
  stepMs: number;
  live: Ticker | undefined;
  line: History | undefined;
  candles: Candles | undefined;
  gaps: readonly ShownGap[];
  takeovers: readonly Mark[];
}

/** The chart of one range. Its last point follows the live price; the rest is what the server has stored. */
export function PriceChart({ currency, stepMs, live, line, candles, gaps, takeovers }: PriceChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<PriceChartHandle>(null);
  const [drawn, setDrawn] = useState<PriceChartHandle | null>(null);
  const dark = useMedia('(prefers-color-scheme: dark)');
  const kind = candles ? 'candles' : 'line';

  useEffect(() => {
    if (!box.current) return;
    const handle = createPriceChart(box.current, kind, (price) => formatPrice(price, currency));
    chart.current = handle;
    setDrawn(handle);
    return () => {
      chart.current = null;
      setDrawn(null);
      handle.remove();
    };
  }, [kind, currency]);

  useEffect(() => chart.current?.applyTheme(), [dark, kind, currency]);

  useEffect(() => {
    if (line) chart.current?.setLine(linePoints(line));
    if (candles) chart.current?.setBars(bars(candles));
  }, [line, candles, currency]);

  const price = live?.price;
  const asOf = live?.as_of;
  useEffect(() => {
    // A stale price is no new point: the chart ends where knowledge ends.
    if (price == null || !asOf || live?.state === 'stale' || live?.state === 'down') return;
    chart.current?.setLive(price, Math.min(Date.parse(asOf), serverClock.now()), stepMs);
  }, [price, asOf, live?.state, stepMs, line, candles]);

  const count = line?.prices.length ?? candles?.candles.length ?? 0;
  return (
    <div className="chart-frame">
      <div ref={box} className="chart" role="img" aria-label={`Price chart with ${count} points`} data-testid="chart" data-points={count} />
      <GapShades chart={drawn} gaps={gaps} points={line ?? candles} />
      <TakeoverMarks chart={drawn} marks={takeovers} points={line ?? candles} />
    </div>
  );
}
