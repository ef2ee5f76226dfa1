import type { Gap, RecordedGap } from '../api/types';
import { formatDateTime, formatDuration } from '../format';
import type { NameOf } from '../market/names';

/** What became of a gap; `unknown`: nothing recorded says why there is no data. */
export type GapState = RecordedGap['state'] | 'unknown';

export interface ShownGap {
  venue: string | null;
  /** The venue's own name of the pair, and ours. */
  symbol: string | null;
  pair: string | null;
  cause: Gap['cause'];
  state: GapState;
  /** Milliseconds. */
  start: number;
  end: number;
}

/** A stretch of the chart in one shade: gaps of one state that touch. */
export interface Shade {
  state: GapState;
  start: number;
  end: number;
}

export const GAP_STATES: readonly GapState[] = ['open', 'lost', 'unknown', 'repaired'];
export const STATE_LABELS: Record<GapState, string> = {
  open: 'not filled yet',
  lost: 'lost',
  unknown: 'no data',
  repaired: 'repaired',
};

const CAUSES: Record<Gap['cause'], string> = {
  disconnect: 'connection lost',
  mute: 'connected, but silent',
  overflow: 'trades went missing',
  restart: 'this server was not running',
  maintenance: 'maintenance of the venue',
  disk_full: 'disk full',
  no_data: 'nobody has data',
  partial: 'heard in part',
};

/** The recorded gaps, and of those in a chart's answer the ones that nothing recorded explains; oldest first. */
export function shownGaps(recorded: readonly RecordedGap[], answer: readonly Gap[]): ShownGap[] {
  const known: ShownGap[] = recorded.map(({ venue, symbol, pair, cause, state, start, end }) => ({ venue, symbol, pair, cause, state, start: Date.parse(start), end: Date.parse(end) }));
  const unexplained: ShownGap[] = answer
    .filter(({ venue }) => venue === null)
    .map(({ cause, start, end }) => ({ venue: null, symbol: null, pair: null, cause, state: 'unknown', start: Date.parse(start), end: Date.parse(end) }));
  return [...known, ...unexplained].sort((a, b) => a.start - b.start);
}

export function shades(gaps: readonly ShownGap[]): Shade[] {
  const result: Shade[] = [];
  // What matters most is drawn last.
  for (const state of [...GAP_STATES].reverse()) {
    let last: Shade | undefined;
    for (const gap of gaps) {
      if (gap.state !== state) continue;
      if (last && gap.start <= last.end) last.end = Math.max(last.end, gap.end);
      else result.push((last = { state, start: gap.start, end: gap.end }));
    }
  }
  return result;
}

/** Those that cover a time, or lie no further from it than `reach`. */
export const gapsAt = (gaps: readonly ShownGap[], time: number, reach: number): ShownGap[] =>
  gaps.filter(({ start, end }) => time >= start - reach && time < end + reach);

/** How many gaps each source has, and what of them is not repaired. */
export function gapCounts(gaps: readonly RecordedGap[]): Map<string, Record<RecordedGap['state'], number>> {
  const counts = new Map<string, Record<RecordedGap['state'], number>>();
  for (const { venue, state } of gaps) {
    const count = counts.get(venue) ?? { open: 0, repaired: 0, lost: 0 };
    count[state] += 1;
    counts.set(venue, count);
  }
  return counts;
}

export function describeGap(gap: ShownGap, nameOf: NameOf): string {
  const venue = gap.venue === null ? 'all sources' : nameOf(gap.venue);
  const pair = gap.pair?.toUpperCase() ?? gap.symbol;
  const where = pair ? `${venue} ${pair}` : venue;
  const became = gap.state === 'unknown' ? '' : ` – ${STATE_LABELS[gap.state]}`; // of those the cause says it all
  return `${formatDateTime(gap.start)} for ${formatDuration(gap.end - gap.start)}, ${where}: ${CAUSES[gap.cause] ?? gap.cause}${became}`;
}

/** Where a time lies on an axis that counts points: between the neighbours, in proportion. */
export function logicalOf(times: readonly number[], time: number): number {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] ?? 0) <= time) low = middle + 1;
    else high = middle;
  }
  const [before, after] = [times[low - 1], times[low]];
  if (before === undefined) return 0;
  if (after === undefined) return times.length - 1;
  return low - 1 + (time - before) / (after - before);
}

/** The time at a place on that axis. */
export function timeOf(times: readonly number[], logical: number): number | undefined {
  const before = times[Math.floor(logical)];
  const after = times[Math.ceil(logical)];
  if (before === undefined || after === undefined) return before ?? after;
  return before + (after - before) * (logical - Math.floor(logical));
}
