import { useEffect, useLayoutEffect, useMemo, useReducer, useRef, useState } from 'react';
import { useSourceNames } from '../api/queries';
import { describeGap, gapsAt, shades, type ShownGap } from './gaps';
import type { PriceChartHandle } from './lightweight';

const REACH = 4; // pixels: a short gap is hit, too
const SHOWN = 4;

interface GapShadesProps {
  chart: PriceChartHandle | null;
  gaps: readonly ShownGap[];
  /** Changes when the chart has other points: then every place is another. */
  points: unknown;
}

/**
 * The gaps as stretches over the chart, each state in a pattern of its own, and beside the pointer what they are. The
 * same stands as text in the list under the chart.
 */
export function GapShades({ chart, gaps, points }: GapShadesProps) {
  const [, redraw] = useReducer((count: number) => count + 1, 0);
  const layer = useRef<HTMLDivElement>(null);
  const [tip, setTip] = useState<{ x: number; gaps: ShownGap[] } | null>(null);
  const nameOf = useSourceNames();
  const stretches = useMemo(() => shades(gaps), [gaps]);

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

  useEffect(() => {
    const frame = layer.current?.parentElement;
    if (!frame || !chart) return;
    const move = (event: PointerEvent) => {
      const x = event.clientX - frame.getBoundingClientRect().left;
      const at = x < chart.pane().width ? chart.timeAt(x) : undefined;
      const found = at ? gapsAt(gaps, at.time, REACH * at.perPixel) : [];
      setTip(found.length > 0 ? { x, gaps: found } : null);
    };
    const leave = () => setTip(null);
    frame.addEventListener('pointermove', move);
    frame.addEventListener('pointerdown', move);
    frame.addEventListener('pointerleave', leave);
    return () => {
      frame.removeEventListener('pointermove', move);
      frame.removeEventListener('pointerdown', move);
      frame.removeEventListener('pointerleave', leave);
    };
  }, [chart, gaps]);

  const pane = chart?.pane() ?? { width: 0, height: 0 };
  return (
    <div ref={layer} className="gap-layer" aria-hidden="true" style={pane}>
      {stretches.map(({ state, start, end }) => {
        const place = chart?.place(start, end);
        return place ? <i key={`${state}-${start}`} className={`gap-shade gap-${state}`} data-gap={state} style={place} /> : null;
      })}
      {tip ? (
        <div className="gap-tip" data-testid="gap-tip" style={tip.x < pane.width / 2 ? { left: tip.x + 12 } : { right: pane.width - tip.x + 12 }}>
          {tip.gaps.slice(0, SHOWN).map((gap) => (
            <p key={`${gap.venue}-${gap.symbol}-${gap.start}-${gap.state}`}>
              <i className={`gap-swatch gap-${gap.state}`} />
              {describeGap(gap, nameOf)}
            </p>
          ))}
          {tip.gaps.length > SHOWN ? <p>and {tip.gaps.length - SHOWN} more</p> : null}
        </div>
      ) : null}
    </div>
  );
}
