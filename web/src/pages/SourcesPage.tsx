import { useMemo } from 'react';
import { MOST_GAPS, useGapsOfSources, useSources, useStatus } from '../api/queries';
import type { FeedState, RecordedGap, Source, Upstream } from '../api/types';
import { gapCounts, STATE_LABELS } from '../chart/gaps';
import { Age, StateBadge } from '../components/Cells';
import { ErrorPanel, PageSkeleton } from '../components/States';
import { formatCompact, formatCount, formatDateTime, formatDuration } from '../format';

const FEED_WORDS: Record<FeedState, string> = {
  idle: 'idle',
  connecting: 'connecting',
  subscribing: 'subscribing',
  live: 'receiving',
  stale: 'silent',
  backing_off: 'waiting to reconnect',
  stopped: 'stopped',
};

export default function SourcesPage() {
  const query = useSources(3000);
  const recorded = useGapsOfSources().data;
  const counts = useMemo(() => recorded && gapCounts(recorded.data), [recorded]);
  if (query.isError && !query.data) return <ErrorPanel error={query.error} onRetry={() => void query.refetch()} what="No word of the sources" />;
  if (query.isPending) return <PageSkeleton />;
  const sources = query.data?.data ?? [];
  return (
    <section>
      <header className="page-head">
        <h1>Sources</h1>
        <p className="muted">Where the prices come from, and whether they still do. An open connection alone proves nothing: a source is live while its data is fresh.</p>
      </header>
      {sources.length === 0 ? (
        <div className="panel state-panel">
          <h2>No sources</h2>
          <p>None is configured on this server.</p>
        </div>
      ) : (
        <>
          <SourceIndex sources={sources} />
          <ul className="source-grid">
            {sources.map((source) => (
              <SourceCard key={source.id} source={source} gaps={counts && (counts.get(source.id) ?? NO_GAPS)} more={typeof recorded?.next_cursor === 'string'} />
            ))}
          </ul>
        </>
      )}
      <ServerFacts />
    </section>
  );
}

type GapCount = Record<RecordedGap['state'], number>;
const NO_GAPS: GapCount = { open: 0, repaired: 0, lost: 0 };

/** All at a glance, each a link to its card: the page is long on a phone. */
function SourceIndex({ sources }: { sources: Source[] }) {
  return (
    <nav className="source-index" aria-label="All sources">
      {sources.map(({ id, name, state }) => (
        <a key={id} href={`#source-${id}`}>
          {name} <StateBadge state={state} />
        </a>
      ))}
    </nav>
  );
}

function GapRow({ gaps, more }: { gaps: GapCount; more: boolean }) {
  const states = (['open', 'lost', 'repaired'] as const).filter((state) => gaps[state] > 0);
  const parts = states.map((state) => `${formatCount(gaps[state])} ${STATE_LABELS[state]}`);
  return (
    <div>
      <dt>Gaps in 24 h</dt>
      <dd className={gaps.open + gaps.lost > 0 ? 'warn' : undefined}>
        {parts.length === 0 ? 'none' : `${more ? 'at least ' : ''}${parts.join(', ')}`}
        {more ? ` among the newest ${formatCount(MOST_GAPS)} of all sources` : ''}
      </dd>
    </div>
  );
}

function SourceCard({ source, gaps, more }: { source: Source; gaps: GapCount | undefined; more: boolean }) {
  const exchange = source.kind === 'exchange';
  const broken = source.undecodable > 0;
  return (
    <li id={`source-${source.id}`} className={`panel source source-${source.state}`} data-source={source.id}>
      <header>
        <div>
          <h2>{source.name}</h2>
          <p className="muted small">
            {source.kind} · {source.host || 'no host'}
          </p>
        </div>
        <StateBadge state={source.state} />
      </header>
      <dl>
        <div>
          <dt>Feed</dt>
          <dd>{FEED_WORDS[source.feed] ?? source.feed}</dd>
        </div>
        <div>
          <dt>Newest data</dt>
          <dd>
            <Age asOf={source.as_of} />
          </dd>
        </div>
        <div>
          <dt>{exchange ? 'Pairs live' : 'Coins'}</dt>
          <dd>{exchange ? `${formatCount(source.live_pairs)} of ${formatCount(source.pairs)}` : formatCount(source.pairs)}</dd>
        </div>
        <div>
          <dt>Messages</dt>
          <dd>{formatCompact(source.messages)}</dd>
        </div>
        {exchange ? (
          <div>
            <dt>Trades / quotes</dt>
            <dd>
              {formatCompact(source.trades)} / {formatCompact(source.quotes)}
            </dd>
          </div>
        ) : null}
        <div>
          <dt>Undecodable</dt>
          <dd className={broken ? 'warn' : undefined}>{formatCount(source.undecodable)}</dd>
        </div>
        {exchange ? (
          <div>
            <dt>Connects / losses</dt>
            <dd>
              {formatCount(source.connects)} / {formatCount(source.disconnects)}
            </dd>
          </div>
        ) : null}
        {gaps ? <GapRow gaps={gaps} more={more} /> : null}
        {source.clock_offset_ms == null ? null : (
          <div>
            <dt>
              <abbr title="Our clock less its own, plus the way here. Ages are told by ours.">Clock</abbr>
            </dt>
            <dd className={source.clock_off ? 'warn' : undefined}>{formatCount(source.clock_offset_ms)} ms</dd>
          </div>
        )}
        {source.outliers > 0 ? (
          <div>
            <dt>Not believed</dt>
            <dd className="warn">{formatCount(source.outliers)} times</dd>
          </div>
        ) : null}
        <div>
          <dt>Feed so since</dt>
          <dd>{source.since ? formatDateTime(source.since) : '–'}</dd>
        </div>
      </dl>
      <UpstreamList upstreams={source.upstreams} />
      {source.detail ? <p className="source-detail small">{source.detail}</p> : null}
    </li>
  );
}

const BREAKER_WORDS: Record<Upstream['breaker'], string> = { closed: 'answers', half_open: 'on trial', open: 'left alone' };

/** The hosts behind a source: which ones are left alone for a while, and what may still be asked. */
function UpstreamList({ upstreams }: { upstreams: Upstream[] }) {
  if (upstreams.length === 0) return null;
  return (
    <ul className="upstreams small" aria-label="Hosts">
      {upstreams.map((upstream) => (
        <li key={`${upstream.service} ${upstream.host}`} data-breaker={upstream.breaker}>
          <span className="upstream-host">
            {upstream.host} <span className="muted">{upstream.service}</span>
          </span>
          <span className={upstream.breaker === 'closed' ? 'muted' : 'warn'} title={upstream.reason || undefined}>
            {BREAKER_WORDS[upstream.breaker]}
            {upstream.retry_at ? `, next try ${formatDateTime(upstream.retry_at)}` : ''}
          </span>
          <BudgetLine budget={upstream.budget} />
        </li>
      ))}
    </ul>
  );
}

function BudgetLine({ budget }: { budget: Upstream['budget'] }) {
  if (!budget) return null;
  const parts = [];
  if (budget.paused_until) parts.push(`wants no call before ${formatDateTime(budget.paused_until)}`);
  if (budget.available != null) {
    const left = formatCount(Math.floor(Number(budget.available)));
    parts.push(budget.per_minute == null ? `${left} calls left` : `${left} calls left, ${formatCount(Number(budget.per_minute))} a minute`);
  }
  if (budget.quota_remaining != null) {
    const most = budget.quota_limit == null ? '' : ` of ${formatCount(Number(budget.quota_limit))}`;
    parts.push(`quota ${formatCount(Math.floor(Number(budget.quota_remaining)))}${most}`);
  }
  if (parts.length === 0) return null;
  return <span className={budget.paused_until ? 'upstream-budget warn' : 'upstream-budget muted'}>{parts.join(' · ')}</span>;
}

function ServerFacts() {
  const { data: status } = useStatus();
  if (!status) return null;
  return (
    <section className="panel facts server-facts" aria-label="The server">
      <h2>Server</h2>
      <dl>
        <div>
          <dt>Version</dt>
          <dd>{status.version}</dd>
        </div>
        <div>
          <dt>Up for</dt>
          <dd>{formatDuration(status.uptime_s * 1000)}</dd>
        </div>
        <div>
          <dt>Assets priced</dt>
          <dd>
            {formatCount(status.priced)} of {formatCount(status.assets)}
          </dd>
        </div>
        <div>
          <dt>Live now</dt>
          <dd>{formatCount(status.live)}</dd>
        </div>
        <div>
          <dt>Market</dt>
          <dd>{status.origin}</dd>
        </div>
      </dl>
    </section>
  );
}
