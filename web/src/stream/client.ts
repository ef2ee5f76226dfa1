import { fullJitter } from './backoff';
import { isolated, Subscription, type Position } from './subscription';
import type { Answer, ChannelError, ChannelHandlers, ConnectionState, Hello, Push, StreamEvents } from './types';

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
  /** The server conflates latest-value channels to one message per channel in this time (at most 60,000). */
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

const OPEN = 1;
const MAX_RATE_MS = 60_000; // the server takes no more
const CHANNELS_PER_MESSAGE = 100; // the longest names, each with a place to resume from, fit into a message
const STARTING_RETRY_MS = 1000;

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
  /** The server has ended a connection without subscriptions; the next one opens it again. */
  private asleep = false;
  private watchdog: ReturnType<typeof setTimeout> | undefined;
  private retryTimer: ReturnType<typeof setTimeout> | undefined;
  private startingTimer: ReturnType<typeof setTimeout> | undefined;
  private pacingTimer: ReturnType<typeof setTimeout> | undefined;
  private flushQueued = false;
  /** What the server has been asked for over this socket. */
  private readonly requested = new Set<string>();
  private limits = { channels: CHANNELS_PER_MESSAGE, messagesPerSecond: 0 };
  private budget = { messages: 0, at: 0 };
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
    this.asleep = false;
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

  /**
   * Listens to a channel. Several listeners of a channel share one subscription, at the quickest rate that one of them
   * wishes; the last to leave ends it.
   */
  subscribe<T>(channel: string, handlers: ChannelHandlers<T>, wish: { maxRateMs?: number } = {}): () => void {
    const set = handlers as ChannelHandlers;
    const rate = Math.round(Math.min(MAX_RATE_MS, Math.max(0, wish.maxRateMs ?? this.options.maxRateMs)));
    let subscription = this.subscriptions.get(channel);
    if (!subscription || subscription.refused) {
      subscription = new Subscription(channel, rate);
      this.subscriptions.set(channel, subscription);
      this.toUnsubscribe.delete(channel);
      this.toSubscribe.add(channel);
      this.queueFlush();
    } else {
      // A newcomer has seen nothing yet: everyone gets a snapshot.
      subscription.maxRateMs = Math.min(subscription.maxRateMs, rate);
      this.refresh(subscription);
    }
    subscription.handlers.add(set);
    return () => this.unsubscribe(channel, set);
  }

  private unsubscribe(channel: string, handlers: ChannelHandlers): void {
    const subscription = this.subscriptions.get(channel);
    if (!subscription?.handlers.delete(handlers) || subscription.handlers.size > 0) return;
    this.subscriptions.delete(channel);
    this.toSubscribe.delete(channel);
    if (!this.requested.has(channel) || subscription.refused) return;
    // The server knows one subscription where two names of a channel are asked for.
    for (const other of this.subscriptions.values()) {
      if (other.canonical === subscription.canonical) return;
    }
    this.toUnsubscribe.add(channel);
    this.queueFlush();
  }

  /** Asks for a fresh snapshot: who subscribes again is told the state anew. */
  private refresh(subscription: Subscription): void {
    subscription.restart();
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
    if (reason === 'idle' && !this.hasWishes()) {
      // The server keeps no connection for nothing; neither is one needed before somebody subscribes.
      this.asleep = true;
      this.setConnection({ phase: 'idle' });
      return;
    }
    if (code >= 4500 && code <= 4999 && reason !== 'idle') {
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
    for (const timer of [this.watchdog, this.startingTimer, this.pacingTimer]) clearTimeout(timer);
    this.pacingTimer = undefined;
    const socket = this.socket;
    this.socket = null;
    this.greeted = false;
    this.pending.clear();
    this.requested.clear();
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
    this.emit('connection', (listener) => listener(state));
  }

  private emit<K extends keyof StreamEvents>(event: K, call: (listener: StreamEvents[K]) => void): void {
    for (const listener of this.listeners[event]) isolated(() => call(listener));
  }

  // ---- requests ----

  private hasWishes(): boolean {
    return [...this.subscriptions.values()].some(({ refused }) => !refused);
  }

  private queueFlush(): void {
    if (this.asleep && this.hasWishes()) {
      this.asleep = false;
      this.open();
    }
    if (this.flushQueued) return;
    this.flushQueued = true;
    queueMicrotask(() => {
      this.flushQueued = false;
      this.flush();
    });
  }

  /** Asks for what has gathered, in messages that the server takes and no quicker than it allows. */
  private flush(): void {
    while (this.greeted && this.socket?.readyState === OPEN && this.toUnsubscribe.size + this.toSubscribe.size > 0) {
      if (!this.mayAsk()) return this.flushLater();
      const method = this.toUnsubscribe.size > 0 ? 'unsubscribe' : 'subscribe';
      this.request(method, this.take(method));
    }
  }

  /** The next channels for one message: those of a subscribe share their rate. */
  private take(method: 'subscribe' | 'unsubscribe'): string[] {
    const waiting = method === 'subscribe' ? this.toSubscribe : this.toUnsubscribe;
    const rateOf = (channel: string) => this.subscriptions.get(channel)?.maxRateMs;
    const taken: string[] = [];
    for (const channel of waiting) {
      if (taken.length === this.limits.channels) break;
      if (method === 'subscribe' && taken[0] !== undefined && rateOf(channel) !== rateOf(taken[0])) continue;
      taken.push(channel);
    }
    for (const channel of taken) waiting.delete(channel);
    return taken;
  }

  /** The server ends a connection that asks too often for good; half of what it bears is asked. */
  private mayAsk(): boolean {
    const rate = this.limits.messagesPerSecond;
    if (rate === 0) return true;
    const now = this.options.now();
    const earned = (Math.max(0, now - this.budget.at) * rate) / 1000;
    this.budget = { messages: Math.min(rate, this.budget.messages + earned), at: now };
    if (this.budget.messages < 1) return false;
    this.budget.messages -= 1;
    return true;
  }

  private flushLater(): void {
    if (this.pacingTimer !== undefined) return;
    this.pacingTimer = setTimeout(
      () => {
        this.pacingTimer = undefined;
        this.flush();
      },
      Math.ceil(1000 / this.limits.messagesPerSecond),
    );
  }

  private request(method: 'subscribe' | 'unsubscribe', channels: string[]): void {
    const id = this.nextId++;
    const params: Record<string, unknown> = { channels };
    if (method === 'subscribe') {
      this.pending.set(id, channels);
      const rate = this.subscriptions.get(channels[0] ?? '')?.maxRateMs ?? 0;
      if (rate > 0) params['max_rate_ms'] = rate;
      const since = this.since(channels);
      if (Object.keys(since).length > 0) params['since'] = since;
      for (const channel of channels) this.requested.add(channel);
    } else {
      for (const channel of channels) this.requested.delete(channel);
    }
    this.socket?.send(JSON.stringify({ id, method, params }));
  }

  private since(channels: string[]): Record<string, Position> {
    const since: Record<string, Position> = {};
    for (const channel of channels) {
      const position = this.subscriptions.get(channel)?.since();
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
    this.emit('protocolError', (listener) => listener(`not a message: ${String(data).slice(0, 100)}`));
    return null;
  }

  private tellTime(time: unknown): void {
    if (typeof time !== 'string') return;
    this.emit('time', (listener) => listener(time));
  }

  private hello(hello: Hello): void {
    this.greeted = true;
    if (hello.heartbeat_ms > 0) this.heartbeatMs = hello.heartbeat_ms;
    this.guard(this.heartbeatMs * this.options.missedHeartbeats, 'no heartbeat');
    const { subscriptions = CHANNELS_PER_MESSAGE, messages_per_second: rate = 0 } = hello.limits as Partial<Hello['limits']>;
    this.limits = { channels: Math.max(1, Math.min(CHANNELS_PER_MESSAGE, subscriptions)), messagesPerSecond: Math.max(0, rate) };
    this.budget = { messages: this.limits.messagesPerSecond, at: this.options.now() };
    this.tellTime(hello.time);
    this.setConnection({ phase: 'open', session: hello.session });
    this.emit('hello', (listener) => listener(hello));
    this.toUnsubscribe.clear();
    for (const subscription of this.subscriptions.values()) {
      if (!subscription.refused) this.toSubscribe.add(subscription.asked);
    }
    this.flush();
  }

  private answer(answer: Answer): void {
    const channels = typeof answer.id === 'number' ? this.pending.get(answer.id) : undefined;
    if (typeof answer.id === 'number') this.pending.delete(answer.id);
    if (answer.error) return this.turnedDown(channels ?? [], answer.error);
    if (!channels) return; // of an unsubscribe
    for (const { channel, result, error } of answer.results ?? []) {
      const subscription = this.subscriptions.get(channel);
      if (error) subscription?.refuse(error);
      else if (result) subscription?.accepted(result.channel, result.recovered ?? false);
    }
  }

  /** A request was refused as a whole. */
  private turnedDown(channels: string[], error: ChannelError): void {
    if (error.code === 'starting') {
      // The server has no market yet, which says nothing about the channels.
      for (const channel of channels) {
        if (this.subscriptions.has(channel)) this.toSubscribe.add(channel);
      }
      clearTimeout(this.startingTimer);
      this.startingTimer = setTimeout(() => this.flush(), STARTING_RETRY_MS);
      return;
    }
    this.emit('protocolError', (listener) => listener(`${error.code}: ${error.message}`));
    for (const channel of channels) this.subscriptions.get(channel)?.refuse(error);
  }

  private push(push: Push): void {
    let taken = false;
    for (const subscription of [...this.subscriptions.values()]) {
      if (subscription.refused || !subscription.takes(push.channel)) continue;
      taken = true;
      if (!subscription.deliver(push)) this.refresh(subscription);
    }
    // What arrives after an unsubscribe belongs to nobody any more, and is no proof that data flows.
    if (taken && (push.type === 'snapshot' || push.type === 'update')) this.attempt = 0;
  }
}
