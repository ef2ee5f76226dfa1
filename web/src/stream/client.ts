import { fullJitter } from './backoff';
import { channelMatches, isLossless, isWildcard } from './channel';
import type { Answer, ChannelHandlers, ConnectionState, Hello, Push, StreamEvents } from './types';

/** The part of the browser's WebSocket that is used. */
export interface SocketLike {
  readyState: number;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
  onerror: ((event: never) => void) | null;
  send(data: string): void;
  close(code?: number, reason?: string): void;
}

export interface StreamOptions {
  /** Address of the stream; a function is asked at every attempt. */
  url: string | (() => string);
  /** The server conflates latest-value channels to one message per channel in this time. */
  maxRateMs?: number;
  /** First and longest step of the back-off. */
  backoffBaseMs?: number;
  backoffMaxMs?: number;
  /** How long a connection may take until the server's hello. */
  helloTimeoutMs?: number;
  /** So many heartbeats without a message, and the connection counts as dead. */
  missedHeartbeats?: number;
  createSocket?: (url: string) => SocketLike;
  random?: () => number;
  now?: () => number;
}

interface Position {
  epoch: string;
  seq: number;
}

interface Subscription {
  asked: string;
  /** The server's name for it, once told. */
  canonical: string;
  handlers: Set<ChannelHandlers>;
  /** Newest position per concrete channel; a wildcard has many. */
  positions: Map<string, Position>;
  /** Updates are held back from the handlers: they would build on something unknown. */
  awaitingSnapshot: boolean;
  refused: boolean;
}

const OPEN = 1;

/**
 * Client of the stream: one socket, any number of subscriptions, which outlive the socket. Reconnects with full-jitter
 * back-off, subscribes again, resumes where it stopped, and notices a silent connection by the missing heartbeats.
 * Not for several threads; every callback comes from a socket or timer event.
 */
export class StreamClient {
  private readonly options: Required<StreamOptions>;
  private readonly subscriptions = new Map<string, Subscription>();
  private readonly listeners: { [K in keyof StreamEvents]: Set<StreamEvents[K]> } = {
    connection: new Set(),
    hello: new Set(),
    time: new Set(),
    protocolError: new Set(),
  };
  private readonly pending = new Map<number, string[]>();
  private socket: SocketLike | null = null;
  private greeted = false;
  private nextId = 1;
  private attempt = 0;
  private heartbeatMs = 5000;
  private wanted = false;
  private watchdog: ReturnType<typeof setTimeout> | undefined;
  private retryTimer: ReturnType<typeof setTimeout> | undefined;
  private flushQueued = false;
  private readonly toSubscribe = new Set<string>();
  private readonly toUnsubscribe = new Set<string>();
  private current: ConnectionState = { phase: 'idle' };

  constructor(options: StreamOptions) {
    this.options = {
      maxRateMs: 0,
      backoffBaseMs: 500,
      backoffMaxMs: 30_000,
      helloTimeoutMs: 10_000,
      missedHeartbeats: 3,
      createSocket: (url) => new WebSocket(url) as unknown as SocketLike,
      random: Math.random,
      now: Date.now,
      ...options,
    };
  }

  get connection(): ConnectionState {
    return this.current;
  }

  on<K extends keyof StreamEvents>(event: K, listener: StreamEvents[K]): () => void {
    this.listeners[event].add(listener);
    return () => this.listeners[event].delete(listener);
  }

  /** Opens the socket, now and whenever it is lost, until close(). */
  connect(): void {
    if (this.wanted) return;
    this.wanted = true;
    this.attempt = 0;
    this.open();
  }

  /** Ends the connection for good; subscriptions are kept for a later connect(). */
  close(): void {
    this.wanted = false;
    clearTimeout(this.retryTimer);
    this.dropSocket(1000, 'bye');
    this.setConnection({ phase: 'idle' });
  }

  /** Does not wait for the next attempt: the reader pressed a button, or the network came back. */
  retryNow(): void {
    if (this.current.phase !== 'waiting' && this.current.phase !== 'failed') return;
    clearTimeout(this.retryTimer);
    this.wanted = true;
    this.open();
  }

  /** Listens to a channel. Several listeners of a channel share one subscription; the last to leave ends it. */
  subscribe<T>(channel: string, handlers: ChannelHandlers<T>): () => void {
    const set = handlers as ChannelHandlers;
    let subscription = this.subscriptions.get(channel);
    if (!subscription || subscription.refused) {
      subscription = this.newSubscription(channel);
      this.toUnsubscribe.delete(channel);
      this.toSubscribe.add(channel);
    } else {
      // A newcomer has seen nothing yet: everyone gets a snapshot.
      this.refresh(subscription);
    }
    subscription.handlers.add(set);
    this.queueFlush();
    return () => this.unsubscribe(channel, set);
  }

  private newSubscription(channel: string): Subscription {
    const subscription: Subscription = {
      asked: channel,
      canonical: channel,
      handlers: new Set(),
      positions: new Map(),
      awaitingSnapshot: false,
      refused: false,
    };
    this.subscriptions.set(channel, subscription);
    return subscription;
  }

  private unsubscribe(channel: string, handlers: ChannelHandlers): void {
    const subscription = this.subscriptions.get(channel);
    if (!subscription?.handlers.delete(handlers) || subscription.handlers.size > 0) return;
    this.subscriptions.delete(channel);
    if (!this.toSubscribe.delete(channel) && !subscription.refused) this.toUnsubscribe.add(channel);
    this.queueFlush();
  }

  /** Asks for a fresh snapshot. */
  private refresh(subscription: Subscription): void {
    subscription.awaitingSnapshot = true;
    subscription.positions.clear();
    this.toUnsubscribe.add(subscription.asked);
    this.toSubscribe.add(subscription.asked);
    this.queueFlush();
  }

  // ---- connection ----

  private open(): void {
    this.setConnection({ phase: 'connecting', attempt: this.attempt });
    const { url, createSocket } = this.options;
    let socket: SocketLike;
    try {
      socket = createSocket(typeof url === 'function' ? url() : url);
    } catch (error) {
      this.scheduleRetry(error instanceof Error ? error.message : String(error));
      return;
    }
    this.socket = socket;
    this.greeted = false;
    socket.onmessage = (event) => {
      if (socket === this.socket) this.receive(event.data);
    };
    socket.onclose = (event) => {
      if (socket === this.socket) this.closed(event.code, event.reason);
    };
    socket.onerror = () => undefined; // a close event follows and says what can be known
    this.guard(this.options.helloTimeoutMs, 'no hello');
  }

  private closed(code: number, reason: string): void {
    this.dropSocket();
    if (!this.wanted) return;
    if (code >= 4500 && code <= 4999) {
      this.wanted = false;
      this.setConnection({ phase: 'failed', reason: reason || `closed with ${code}` });
      return;
    }
    this.scheduleRetry(reason || `closed with ${code}`);
  }

  private scheduleRetry(reason: string): void {
    const delay = fullJitter(this.attempt, {
      baseMs: this.options.backoffBaseMs,
      maxMs: this.options.backoffMaxMs,
      random: this.options.random,
    });
    this.attempt += 1;
    this.setConnection({ phase: 'waiting', attempt: this.attempt, retryAt: this.options.now() + delay, reason });
    clearTimeout(this.retryTimer);
    this.retryTimer = setTimeout(() => this.open(), delay);
  }

  private dropSocket(code?: number, reason?: string): void {
    clearTimeout(this.watchdog);
    const socket = this.socket;
    this.socket = null;
    this.greeted = false;
    this.pending.clear();
    if (!socket) return;
    socket.onmessage = null;
    socket.onclose = null;
    if (code !== undefined) socket.close(code, reason);
  }

  /** (Re)starts the watchdog: without a message in this time the connection is given up. */
  private guard(milliseconds: number, reason: string): void {
    clearTimeout(this.watchdog);
    this.watchdog = setTimeout(() => {
      // 1000 or 3000-4999 are all a page may send; the socket may hang, so its close event is not waited for.
      this.dropSocket(3000, reason);
      this.scheduleRetry(reason);
    }, milliseconds);
  }

  private setConnection(state: ConnectionState): void {
    this.current = state;
    for (const listener of this.listeners.connection) listener(state);
  }

  // ---- requests ----

  private queueFlush(): void {
    if (this.flushQueued) return;
    this.flushQueued = true;
    queueMicrotask(() => {
      this.flushQueued = false;
      this.flush();
    });
  }

  private flush(): void {
    if (!this.greeted || this.socket?.readyState !== OPEN) return;
    if (this.toUnsubscribe.size > 0) this.request('unsubscribe', [...this.toUnsubscribe]);
    this.toUnsubscribe.clear();
    const channels = [...this.toSubscribe].filter((channel) => this.subscriptions.has(channel));
    this.toSubscribe.clear();
    if (channels.length > 0) this.request('subscribe', channels);
  }

  private request(method: 'subscribe' | 'unsubscribe', channels: string[]): void {
    const id = this.nextId++;
    const params: Record<string, unknown> = { channels };
    if (method === 'subscribe') {
      this.pending.set(id, channels);
      if (this.options.maxRateMs > 0) params['max_rate_ms'] = this.options.maxRateMs;
      const since = this.since(channels);
      if (Object.keys(since).length > 0) params['since'] = since;
    }
    this.socket?.send(JSON.stringify({ id, method, params }));
  }

  /** Where to resume. A wildcard is resumed by its snapshot: its channels hold only the newest value anyway. */
  private since(channels: string[]): Record<string, Position> {
    const since: Record<string, Position> = {};
    for (const channel of channels) {
      const subscription = this.subscriptions.get(channel);
      if (!subscription || isWildcard(channel)) continue;
      const position = subscription.positions.get(subscription.canonical);
      if (position) since[channel] = position;
    }
    return since;
  }

  // ---- messages ----

  private receive(data: unknown): void {
    this.guard(this.greeted ? this.heartbeatMs * this.options.missedHeartbeats : this.options.helloTimeoutMs, 'no heartbeat');
    const message = this.parse(data);
    if (!message) return;
    if (typeof message['channel'] === 'string') this.push(message as unknown as Push);
    else if (message['type'] === 'hello') this.hello(message as unknown as Hello);
    else if (message['type'] === 'heartbeat') this.tellTime(message['time']);
    else if ('id' in message) this.answer(message as unknown as Answer);
  }

  private parse(data: unknown): Record<string, unknown> | null {
    try {
      const message: unknown = JSON.parse(String(data));
      if (typeof message === 'object' && message !== null && !Array.isArray(message)) return message as Record<string, unknown>;
    } catch {
      // told below, with everything else that is no message
    }
    for (const listener of this.listeners.protocolError) listener(`not a message: ${String(data).slice(0, 100)}`);
    return null;
  }

  private tellTime(time: unknown): void {
    if (typeof time !== 'string') return;
    for (const listener of this.listeners.time) listener(time);
  }

  private hello(hello: Hello): void {
    this.greeted = true;
    if (hello.heartbeat_ms > 0) this.heartbeatMs = hello.heartbeat_ms;
    this.guard(this.heartbeatMs * this.options.missedHeartbeats, 'no heartbeat');
    this.tellTime(hello.time);
    this.setConnection({ phase: 'open', session: hello.session });
    for (const listener of this.listeners.hello) listener(hello);
    this.toUnsubscribe.clear();
    for (const subscription of this.subscriptions.values()) {
      if (!subscription.refused) this.toSubscribe.add(subscription.asked);
    }
    this.flush();
  }

  private answer(answer: Answer): void {
    const channels = this.pending.get(answer.id);
    this.pending.delete(answer.id);
    if (answer.error) {
      for (const listener of this.listeners.protocolError) listener(`${answer.error.code}: ${answer.error.message}`);
      for (const channel of channels ?? []) this.refuse(channel, answer.error);
      return;
    }
    if (!channels) return; // of an unsubscribe or ping
    for (const { channel, result, error } of answer.results ?? []) {
      const subscription = this.subscriptions.get(channel);
      if (!subscription) continue;
      if (error) {
        this.refuse(channel, error);
      } else if (result) {
        subscription.canonical = result.channel;
        subscription.awaitingSnapshot = false;
        if (!result.recovered) subscription.positions.clear();
        for (const handlers of subscription.handlers) handlers.subscribed?.(result.recovered);
      }
    }
  }

  private refuse(channel: string, error: { code: string; message: string; near?: string[] }): void {
    const subscription = this.subscriptions.get(channel);
    if (!subscription) return;
    subscription.refused = true;
    for (const handlers of subscription.handlers) handlers.error?.(error);
  }

  private push(push: Push): void {
    let taken = false;
    for (const subscription of this.subscriptions.values()) {
      if (!channelMatches(subscription.canonical, push.channel) && subscription.asked !== push.channel) continue;
      taken = true;
      this.deliver(subscription, push);
    }
    // What arrives after an unsubscribe belongs to nobody any more, and is no proof that data flows.
    if (taken && (push.type === 'snapshot' || push.type === 'update')) this.attempt = 0;
  }

  private deliver(subscription: Subscription, push: Push): void {
    switch (push.type) {
      case 'snapshot':
        subscription.awaitingSnapshot = false;
        subscription.positions.clear();
        this.remember(subscription, push);
        for (const handlers of subscription.handlers) handlers.snapshot?.(push);
        break;
      case 'update':
        this.update(subscription, push);
        break;
      case 'gap':
        // The server sends the snapshot by itself; updates until then would build on a hole.
        subscription.awaitingSnapshot = true;
        for (const handlers of subscription.handlers) handlers.gap?.(push.channel);
        break;
      case 'status':
        for (const handlers of subscription.handlers) handlers.status?.(push);
        break;
    }
  }

  private update(subscription: Subscription, push: Push): void {
    if (subscription.awaitingSnapshot) return;
    const known = subscription.positions.get(push.channel);
    if (known && push.seq !== undefined) {
      if (push.epoch !== undefined && push.epoch !== known.epoch) {
        // Another engine, or another market: what is known is of the past.
        this.lost(subscription, push.channel);
        return;
      }
      if (push.seq <= known.seq) return; // seen already
      if (isLossless(push.channel) && push.seq !== known.seq + 1) {
        this.lost(subscription, push.channel);
        return;
      }
    }
    this.remember(subscription, push);
    for (const handlers of subscription.handlers) handlers.update?.(push);
  }

  private lost(subscription: Subscription, channel: string): void {
    for (const handlers of subscription.handlers) handlers.gap?.(channel);
    this.refresh(subscription);
  }

  private remember(subscription: Subscription, push: Push): void {
    if (push.seq !== undefined && push.epoch !== undefined) {
      subscription.positions.set(push.channel, { epoch: push.epoch, seq: push.seq });
    }
  }
}
