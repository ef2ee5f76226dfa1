import { channelMatches, isLossless, isWildcard } from './channel';
import type { ChannelError, ChannelHandlers, Push } from './types';

export interface Position {
  epoch: string;
  seq: number;
}

/** Runs a listener; what it throws is reported like any uncaught exception, and keeps nothing from the next one. */
export function isolated(call: () => void): void {
  try {
    call();
  } catch (error) {
    const report = (globalThis as { reportError?: (error: unknown) => void }).reportError;
    if (report) report(error);
    else
      queueMicrotask(() => {
        throw error;
      });
  }
}

/**
 * One channel as it was asked for: who listens, where it stands, and the rules of order (nothing twice, nothing out of
 * order, no hole in silence). Knows nothing of sockets; outlives them.
 */
export class Subscription {
  readonly asked: string;
  readonly handlers = new Set<ChannelHandlers>();
  /** The server's name for it, once told. */
  canonical: string;
  refused = false;
  maxRateMs: number;
  /** Newest position per concrete channel; a wildcard has many. */
  private readonly positions = new Map<string, Position>();
  /** Updates are held back from the handlers: they would build on something unknown. */
  private awaitingSnapshot = false;

  constructor(asked: string, maxRateMs: number) {
    this.asked = asked;
    this.canonical = asked;
    this.maxRateMs = maxRateMs;
  }

  takes(channel: string): boolean {
    return this.asked === channel || channelMatches(this.canonical, channel);
  }

  /** Where to resume. A wildcard is resumed by its snapshot: its channels hold only the newest value anyway. */
  since(): Position | undefined {
    return isWildcard(this.canonical) ? undefined : this.positions.get(this.canonical);
  }

  /** Forgets what is known; updates are held back until the server has answered. */
  restart(): void {
    this.awaitingSnapshot = true;
    this.positions.clear();
  }

  accepted(canonical: string, recovered: boolean): void {
    const missed = !recovered && isLossless(canonical) && this.positions.size > 0;
    this.canonical = canonical;
    this.awaitingSnapshot = false;
    if (!recovered) this.positions.clear();
    if (missed) this.tell((handlers) => handlers.gap?.(canonical));
    this.tell((handlers) => handlers.subscribed?.(recovered));
  }

  refuse(error: ChannelError): void {
    this.refused = true;
    this.tell((handlers) => handlers.error?.(error));
  }

  /** False when messages are missing: a snapshot has to be asked for. */
  deliver(push: Push): boolean {
    // Meant for the listeners of one channel by its name, of which this wildcard happens to hold the value.
    if (isWildcard(this.canonical) && !isWildcard(push.channel)) {
      return push.type === 'update' || (push.type === 'snapshot' && push.data !== null) ? this.update({ ...push, type: 'update' }) : true;
    }
    switch (push.type) {
      case 'snapshot':
        this.awaitingSnapshot = false;
        this.positions.clear();
        this.remember(push);
        this.tell((handlers) => handlers.snapshot?.(push));
        return true;
      case 'update':
        return this.update(push);
      case 'gap':
        // The server sends the snapshot by itself; updates until then would build on a hole.
        this.awaitingSnapshot = true;
        this.tell((handlers) => handlers.gap?.(push.channel));
        return true;
      case 'status':
        this.status(push);
        return true;
    }
  }

  private update(push: Push): boolean {
    if (this.awaitingSnapshot) return true;
    const known = this.positions.get(push.channel);
    if (known && push.seq !== undefined) {
      // Another epoch is another engine, or another market: what is known is of the past.
      const missed = (push.epoch !== undefined && push.epoch !== known.epoch) || (isLossless(push.channel) && push.seq > known.seq + 1);
      if (missed) {
        this.restart();
        this.tell((handlers) => handlers.gap?.(push.channel));
        return false;
      }
      if (push.seq <= known.seq) return true; // seen already
    }
    this.remember(push);
    this.tell((handlers) => handlers.update?.(push));
    return true;
  }

  private status(push: Push): void {
    this.tell((handlers) => handlers.status?.(push));
    // The market that is served now does not have this channel: the server has ended the subscription.
    const error = (push.data as { error?: ChannelError } | null)?.error;
    if (error) this.refuse(error);
  }

  private remember(push: Push): void {
    if (push.seq !== undefined && push.epoch !== undefined) this.positions.set(push.channel, { epoch: push.epoch, seq: push.seq });
  }

  private tell(call: (handlers: ChannelHandlers) => void): void {
    for (const handlers of this.handlers) isolated(() => call(handlers));
  }
}
