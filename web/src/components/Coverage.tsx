import { useSourceNames } from '../api/queries';
import type { Conversion } from '../api/types';
import { formatDateTime } from '../format';
import { describeGap, GAP_STATES, shades, STATE_LABELS, type ShownGap } from '../chart/gaps';

const SHOWN = 6;

/** A past price in another currency is only as good as the rate it was converted with. */
const CONVERSIONS: Record<Conversion, string> = {
  none: '',
  candles: ' · converted at the rates of each time',
  present_rate: ' · converted at the present rate',
  mixed: ' · converted in part at the present rate',
};

interface CoverageProps {
  start: number;
  end: number;
  complete: boolean;
  gaps: readonly ShownGap[];
  /** Where not all recorded gaps are among them: since when they are. */
  gapsSince: number | undefined;
  source: string;
  conversion: Conversion;
}

/** Says under a chart whether something is missing: a strip of the whole range with its gaps, a legend, and a list. */
export function Coverage({ start, end, complete, gaps, gapsSince, source, conversion }: CoverageProps) {
  const nameOf = useSourceNames();
  const parts = source.split('+').map((part) => (part === 'composite' ? 'composite of the venues' : nameOf(part)));
  const from = parts.join(' and ') + CONVERSIONS[conversion];
  const missing = gaps.filter(({ state }) => state !== 'repaired').length;
  return (
    <div className="coverage" data-testid="coverage" data-complete={complete}>
      {complete ? (
        <p className="muted small">
          ✓ Complete over this range{missing > 0 ? ': while one source was not heard, others were' : ''} · {from}
        </p>
      ) : (
        <p className="small">
          <span className="badge badge-stale">
            <i className="dot" aria-hidden="true" />
            incomplete
          </span>{' '}
          <span className="muted">
            {missing > 0 ? `${gapsSince ? 'at least ' : ''}${missing} gap${missing === 1 ? '' : 's'} in this range` : 'Not all of this range was recorded here'} · {from}
          </span>
        </p>
      )}
      {gaps.length > 0 ? <Gaps start={start} end={end} gaps={gaps} /> : null}
      {gapsSince ? (
        <p className="muted small" data-testid="gaps-cut">
          There are more recorded gaps than are shown: these are the newest, since {formatDateTime(gapsSince)}.
        </p>
      ) : null}
    </div>
  );
}

function Gaps({ start, end, gaps }: Pick<CoverageProps, 'start' | 'end' | 'gaps'>) {
  const percent = (time: number) => Math.min(100, Math.max(0, ((time - start) / (end - start)) * 100));
  const nameOf = useSourceNames();
  const newest = [...gaps].reverse();
  return (
    <>
      <div className="strip" aria-hidden="true">
        {shades(gaps).map((shade) => (
          <i
            key={`${shade.state}-${shade.start}`}
            className={`gap-${shade.state}`}
            style={{ left: `${percent(shade.start)}%`, width: `max(2px, ${percent(shade.end) - percent(shade.start)}%)` }}
          />
        ))}
      </div>
      <ul className="gap-legend small" aria-label="Gaps by what became of them" data-testid="gap-legend">
        {GAP_STATES.map((state) => {
          const count = gaps.filter((gap) => gap.state === state).length;
          return count > 0 ? (
            <li key={state}>
              <i className={`gap-swatch gap-${state}`} aria-hidden="true" />
              {STATE_LABELS[state]} ({count})
            </li>
          ) : null;
        })}
      </ul>
      <ul className="gap-list small" aria-label="Gaps, newest first">
        {newest.slice(0, SHOWN).map((gap) => (
          <li key={`${gap.venue}-${gap.symbol}-${gap.start}-${gap.state}`}>{describeGap(gap, nameOf)}</li>
        ))}
        {gaps.length > SHOWN ? <li>and {gaps.length - SHOWN} more</li> : null}
      </ul>
    </>
  );
}
