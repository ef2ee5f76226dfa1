export interface BackoffOptions {
  baseMs: number;
  maxMs: number;
  random: () => number;
}

/**
 * Exponential back-off with full jitter: anything between 0 and min(max, base * 2^attempt), so that many clients of a
 * server that restarts do not come back at once.
 */
export function fullJitter(attempt: number, { baseMs, maxMs, random }: BackoffOptions): number {
  const ceiling = Math.min(maxMs, baseMs * 2 ** Math.min(attempt, 30));
  return Math.round(random() * ceiling);
}
