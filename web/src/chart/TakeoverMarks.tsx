import { useLayoutEffect, useReducer } from 'react';
import type { PriceChartHandle } from './lightweight';
import type { Mark } from './takeovers';

/** A line over the chart where another source began to give the price. The same stands as text under the chart. */
export function TakeoverMarks({ chart, marks, points }: { chart: PriceChartHandle | null; marks: readonly Mark[]; points: unknown }) {
  const [, redraw] = useReducer((count: number) => count + 1, 0);
  // The chart has its points a moment after this has its own.
  useLayoutEffect(() => {
    if (!chart) return;
    const frame = requestAnimationFrame(redraw);
    const end = chart.onMove(redraw);
    return () => {
      cancelAnimationFrame(frame);
      end();
    };
  }, [chart, points]);
  return (
    <div className="gap-layer" aria-hidden="true" style={chart?.pane() ?? { width: 0, height: 0 }}>
      {marks.map(({ at, to, text }) => {
        const place = chart?.place(at, at);
        return place ? <i key={at} className="takeover-mark" data-to={to} title={text} style={{ left: place.left }} /> : null;
      })}
    </div>
  );
}
