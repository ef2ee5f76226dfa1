import type { Conversion, Gap } from '../api/types';
import { formatDateTime, formatDuration } from '../format';

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
  gaps: readonly Gap[];
  source: string;
  conversion: Conversion;
}

/** Says under a chart whether something is missing: a strip of the whole range with its holes, and a list of them. */
export function Coverage({ start, end, complete, gaps, source, conversion }: CoverageProps) {
  const parts = source.split('+').map((part) => (part === 'composite' ? 'composite of the venues' : part));
  const from = parts.join(' and ') + CONVERSIONS[conversion];
  if (complete) {
    return (
      <p className="coverage muted small" data-testid="coverage" data-complete="true">
        ✓ Complete over this range · {from}
      </p>
    );
  }
  const span = end - start;
  const percent = (time: string) => Math.min(100, Math.max(0, ((Date.parse(time) - start) / span) * 100));
  return (
    <div className="coverage" data-testid="coverage" data-complete="false">
      <p className="small">
        <span className="badge badge-stale">
          <i className="dot" aria-hidden="true" />
          incomplete
        </span>{' '}
        <span className="muted">
          {gaps.length > 0 ? `${gaps.length} gap${gaps.length === 1 ? '' : 's'} in this range` : 'Not all of this range was recorded here'} · {from}
        </span>
      </p>
      {gaps.length > 0 ? (
        <>
          <div className="strip" aria-hidden="true">
            {gaps.map((gap) => (
              <i
                key={`${gap.venue}-${gap.start}`}
                style={{ left: `${percent(gap.start)}%`, width: `max(2px, ${percent(gap.end) - percent(gap.start)}%)` }}
              />
            ))}
          </div>
          <ul className="gap-list small">
            {gaps.slice(0, SHOWN).map((gap) => (
              <li key={`${gap.venue}-${gap.start}`}>
                {formatDateTime(gap.start)} for {formatDuration(Date.parse(gap.end) - Date.parse(gap.start))}
                {gap.venue ? `, ${gap.venue}` : ''}: {gap.cause.replaceAll('_', ' ')}
              </li>
            ))}
            {gaps.length > SHOWN ? <li>and {gaps.length - SHOWN} more</li> : null}
          </ul>
        </>
      ) : null}
    </div>
  );
}
