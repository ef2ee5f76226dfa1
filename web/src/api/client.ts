import { serverClock } from '../market/clock';
import type { Problem } from './types';

/** A failed request, with what the server said about it. */
export class ApiError extends Error {
  readonly problem: Problem;
  /** Seconds to wait before asking again, where the server said so. */
  readonly retryAfter: number | undefined;

  constructor(problem: Problem, retryAfter?: number) {
    super(problem.detail);
    this.name = 'ApiError';
    this.problem = problem;
    this.retryAfter = retryAfter;
  }
}

function isProblem(value: unknown): value is Problem {
  return typeof value === 'object' && value !== null && 'detail' in value && 'status' in value;
}

async function problemOf(response: Response): Promise<Problem> {
  const body: unknown = await response.json().catch(() => null);
  if (isProblem(body)) return body;
  return {
    title: response.statusText || 'Error',
    status: response.status,
    detail: `The server answered ${response.status} without saying why.`,
    code: 'unknown',
    temporary: response.status >= 500 || response.status === 429,
  };
}

/** GET a JSON body. Fails with ApiError, also when nobody answers; every answer sets the server clock. */
export async function getJson<T>(path: string, signal?: AbortSignal): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, { headers: { accept: 'application/json' }, ...(signal ? { signal } : {}) });
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause;
    throw new ApiError({
      title: 'No answer',
      status: 0,
      detail: 'The server does not answer. It may be restarting, or the network is down.',
      code: 'unreachable',
      temporary: true,
    });
  }
  // A cached answer carries an old time; the clock keeps the furthest ahead of its samples, so that does no harm.
  const serverTime = response.headers.get('server-time');
  if (serverTime) serverClock.observe(serverTime);
  if (!response.ok) {
    const retryAfter = Number(response.headers.get('retry-after'));
    throw new ApiError(await problemOf(response), Number.isFinite(retryAfter) && retryAfter > 0 ? retryAfter : undefined);
  }
  return (await response.json()) as T;
}

/** `/path?a=1&b=2`, leaving out what is undefined. */
export function withQuery(path: string, parameters: Record<string, string | number | undefined>): string {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(parameters)) {
    if (value !== undefined) query.set(key, String(value));
  }
  const text = query.toString();
  return text ? `${path}?${text}` : path;
}

/** Whatever was thrown, as something that can be shown. */
export function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  const detail = error instanceof Error ? error.message : String(error);
  return new ApiError({ title: 'Error', status: 0, detail, code: 'unknown', temporary: false });
}
