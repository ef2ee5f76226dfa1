import type { ApiError } from '../api/client';
import { toApiError } from '../api/client';

export function PageSkeleton() {
  return (
    <div className="panel skeleton-page" aria-busy="true" aria-label="Loading">
      <span className="skeleton" style={{ width: '30%', height: 26 }} />
      <span className="skeleton" style={{ width: '100%', height: 320 }} />
    </div>
  );
}

export function SkeletonRows({ count, className }: { count: number; className: string }) {
  return (
    <div role="status" aria-busy="true" aria-label="Loading prices">
      <div className="skeleton-head" aria-hidden="true" />
      {Array.from({ length: count }, (_, index) => (
        <div key={index} className={className} aria-hidden="true">
          <span className="skeleton skeleton-disc" />
          <span className="skeleton" style={{ width: `${60 + ((index * 37) % 40)}%` }} />
          <span className="skeleton" />
          {Array.from({ length: 7 }, (_, column) => (
            <span key={column} className="skeleton wide-only" />
          ))}
        </div>
      ))}
    </div>
  );
}

export function ErrorPanel({ error, onRetry, what }: { error: unknown; onRetry: () => void; what: string }) {
  const { problem }: ApiError = toApiError(error);
  return (
    <section className="panel state-panel" role="alert" data-testid="error-panel">
      <h2>{what}</h2>
      <p>{problem.detail}</p>
      <p className="muted small">
        {problem.status > 0 ? `${problem.status} ${problem.title} · ` : ''}
        {problem.code}
        {problem.temporary ? ' · it is tried again by itself' : ''}
      </p>
      <button type="button" className="button button-primary" onClick={onRetry}>
        Retry
      </button>
    </section>
  );
}
