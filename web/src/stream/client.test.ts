import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { StreamClient, type SocketLike, type StreamOptions } from './client';
import type { ConnectionState, Push } from './types';

class FakeSocket implements SocketLike {
  readyState = 0;
  onopen: ((event: never) => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  onerror: ((event: never) => void) | null = null;
  sent: { id: number; method: string; params: { channels: string[]; since?: Record<string, unknown>; max_rate_ms?: number } }[] = [];
  closedWith: number | undefined;
  constructor(readonly url: string) {}
  send(data: string) {
    this.sent.push(JSON.parse(data));
  }
  close(code?: number) {
    this.closedWith = code;
    this.readyState = 3;
  }
  /** What the server does. */
  tell(message: unknown) {
    this.onmessage?.({ data: typeof message === 'string' ? message : JSON.stringify(message) });
  }
  greet(session = 's1') {
    this.readyState = 1;
    this.tell({ type: 'hello', server: 'tickspan', version: '1', protocol: 1, session, heartbeat_ms: 5000, limits: {}, time: '2026-06-01T12:00:00.000Z' });
  }
  drop(code = 1006, reason = '') {
    this.readyState = 3;
    this.onclose?.({ code, reason });
  }
  accept(canonical: Record<string, string> = {}, recovered = false) {
    const request = this.sent.at(-1);
    if (!request) throw new Error('nothing was asked');
    this.tell({ id: request.id, results: request.params.channels.map((channel) => ({ channel, result: { channel: canonical[channel] ?? channel, recovered } })) });
  }
}

let sockets: FakeSocket[];
const newest = () => {
  const socket = sockets.at(-1);
  if (!socket) throw new Error('no socket');
  return socket;
};
const settle = () => vi.advanceTimersByTimeAsync(0);

function client(options: Partial<StreamOptions> = {}) {
  return new StreamClient({
    url: 'ws://test',
    createSocket: (url) => {
      const socket = new FakeSocket(url);
      sockets.push(socket);
      return socket;
    },
    random: () => 1,
    ...options,
  });
}

const update = (channel: string, seq: number, epoch = 'e1', data: unknown = seq): Push => ({ channel, type: 'update', seq, epoch, data });
const snapshot = (channel: string, seq: number, epoch = 'e1', data: unknown = 'all'): Push => ({ channel, type: 'snapshot', seq, epoch, data });

function recorder() {
  const log: string[] = [];
  return {
    log,
    handlers: {
      snapshot: (push: Push) => void log.push(`snapshot ${push.channel} ${String(push.seq)}`),
      update: (push: Push) => void log.push(`update ${push.channel} ${String(push.seq)}`),
      gap: (channel: string) => void log.push(`gap ${channel}`),
      status: (push: Push) => void log.push(`status ${JSON.stringify(push.data)}`),
      subscribed: (recovered: boolean) => void log.push(`subscribed ${String(recovered)}`),
      error: ({ code }: { code: string }) => void log.push(`error ${code}`),
    },
  };
}

beforeEach(() => {
  sockets = [];
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

async function connected(channel: string, options: Partial<StreamOptions> = {}) {
  const stream = client(options);
  const { log, handlers } = recorder();
  const leave = stream.subscribe(channel, handlers);
  stream.connect();
  newest().greet();
  await settle();
  newest().accept();
  return { stream, log, leave };
}

describe('subscriptions', () => {
  it('are asked for after the hello, together, with the wished rate', async () => {
    const stream = client({ maxRateMs: 250 });
    stream.subscribe('ticker:*', {});
    stream.subscribe('price:btc/usd', {});
    stream.connect();
    expect(newest().sent).toEqual([]);
    newest().greet();
    await settle();
    expect(newest().sent).toEqual([{ id: 1, method: 'subscribe', params: { channels: ['ticker:*', 'price:btc/usd'], max_rate_ms: 250 } }]);
  });

  it('deliver the pushes of a wildcard under their own names, and of its quote only', async () => {
    const { log } = await connected('ticker:*/eur');
    newest().tell(snapshot('ticker:*/eur', 4));
    newest().tell(update('ticker:btc/eur', 5));
    newest().tell(update('ticker:btc/usd', 6));
    newest().tell(update('price:btc/eur', 7));
    expect(log).toEqual(['subscribed false', 'snapshot ticker:*/eur 4', 'update ticker:btc/eur 5']);
  });

  it('follow the canonical name that the server gives', async () => {
    const stream = client();
    const { log, handlers } = recorder();
    stream.subscribe('price:bitcoin/usd', handlers);
    stream.connect();
    newest().greet();
    newest().accept({ 'price:bitcoin/usd': 'price:btc/usd' });
    newest().tell(update('price:btc/usd', 1));
    expect(log).toEqual(['subscribed false', 'update price:btc/usd 1']);
  });

  it('fail one by one, and are not asked for again', async () => {
    const stream = client();
    const good = recorder();
    const bad = recorder();
    stream.subscribe('price:btc/usd', good.handlers);
    stream.subscribe('price:nope/usd', bad.handlers);
    stream.connect();
    newest().greet();
    newest().tell({ id: 1, results: [
      { channel: 'price:btc/usd', result: { channel: 'price:btc/usd', recovered: false } },
      { channel: 'price:nope/usd', error: { code: 'unknown_asset', message: 'no' } },
    ] });
    expect(good.log).toEqual(['subscribed false']);
    expect(bad.log).toEqual(['error unknown_asset']);
    newest().drop();
    await vi.advanceTimersByTimeAsync(1000);
    newest().greet();
    expect(newest().sent[0]?.params.channels).toEqual(['price:btc/usd']);
  });

  it('end with their last listener', async () => {
    const { stream, leave } = await connected('price:btc/usd');
    const second = stream.subscribe('price:btc/usd', {});
    await settle();
    leave();
    await settle();
    expect(newest().sent.at(-1)?.method).toBe('subscribe');
    second();
    await settle();
    expect(newest().sent.at(-1)).toMatchObject({ method: 'unsubscribe', params: { channels: ['price:btc/usd'] } });
  });
});

describe('order of messages', () => {
  it('drops what was seen already', async () => {
    const { log } = await connected('price:btc/usd');
    for (const seq of [5, 5, 4, 9]) newest().tell(update('price:btc/usd', seq));
    expect(log).toEqual(['subscribed false', 'update price:btc/usd 5', 'update price:btc/usd 9']);
  });

  it('notices a hole in a lossless channel and asks for a snapshot', async () => {
    const { log } = await connected('trades:kraken:btc/usd');
    newest().tell(update('trades:kraken:btc/usd', 1));
    newest().tell(update('trades:kraken:btc/usd', 3));
    newest().tell(update('trades:kraken:btc/usd', 4));
    expect(log).toEqual(['subscribed false', 'update trades:kraken:btc/usd 1', 'gap trades:kraken:btc/usd']);
    await settle();
    expect(newest().sent.slice(-2).map(({ method }) => method)).toEqual(['unsubscribe', 'subscribe']);
    expect(newest().sent.at(-1)?.params.since).toBeUndefined();
    newest().accept();
    newest().tell(snapshot('trades:kraken:btc/usd', 4));
    newest().tell(update('trades:kraken:btc/usd', 5));
    expect(log.slice(-2)).toEqual(['snapshot trades:kraken:btc/usd 4', 'update trades:kraken:btc/usd 5']);
  });

  it('holds updates back between a gap and its snapshot', async () => {
    const { log } = await connected('trades:kraken:btc/usd');
    newest().tell({ channel: 'trades:kraken:btc/usd', type: 'gap', data: {} });
    newest().tell(update('trades:kraken:btc/usd', 8));
    newest().tell(snapshot('trades:kraken:btc/usd', 8));
    newest().tell(update('trades:kraken:btc/usd', 9));
    expect(log.slice(1)).toEqual(['gap trades:kraken:btc/usd', 'snapshot trades:kraken:btc/usd 8', 'update trades:kraken:btc/usd 9']);
  });

  it('takes another epoch for a loss, and a status with a snapshot for its announcement', async () => {
    const { log } = await connected('price:btc/usd');
    newest().tell(update('price:btc/usd', 100, 'old'));
    newest().tell({ channel: 'price:btc/usd', type: 'status', data: { origin: 'real' } });
    newest().tell(snapshot('price:btc/usd', 1, 'new'));
    newest().tell(update('price:btc/usd', 2, 'new'));
    expect(log.slice(2)).toEqual(['status {"origin":"real"}', 'snapshot price:btc/usd 1', 'update price:btc/usd 2']);
    newest().tell(update('price:btc/usd', 3, 'newer'));
    expect(log.at(-1)).toBe('gap price:btc/usd');
  });
});

describe('connection', () => {
  it('comes back with a growing delay, subscribes again and says where it stopped', async () => {
    const { stream, log } = await connected('candles:btc/usd:1m');
    newest().tell(update('candles:btc/usd:1m', 17));
    newest().drop();
    const waiting = stream.connection;
    expect(waiting).toMatchObject({ phase: 'waiting', attempt: 1 });
    expect((waiting as { retryAt: number }).retryAt - Date.now()).toBe(500);
    await vi.advanceTimersByTimeAsync(500);
    expect(sockets).toHaveLength(2);
    newest().drop();
    expect((stream.connection as { retryAt: number }).retryAt - Date.now()).toBe(1000);
    await vi.advanceTimersByTimeAsync(1000);
    newest().greet('s2');
    expect(newest().sent[0]?.params).toEqual({ channels: ['candles:btc/usd:1m'], since: { 'candles:btc/usd:1m': { epoch: 'e1', seq: 17 } } });
    newest().accept({}, true);
    newest().tell(update('candles:btc/usd:1m', 18));
    expect(log.slice(-2)).toEqual(['subscribed true', 'update candles:btc/usd:1m 18']);
    newest().drop();
    expect((stream.connection as { retryAt: number }).retryAt - Date.now()).toBe(500);
  });

  it('waits anything between nothing and the ceiling, never more than the longest step', async () => {
    const random = vi.fn(() => 0.5);
    const stream = client({ random, backoffMaxMs: 2000 });
    stream.connect();
    const delays: number[] = [];
    for (let attempt = 0; attempt < 5; ++attempt) {
      newest().drop();
      const delay = (stream.connection as { retryAt: number }).retryAt - Date.now();
      delays.push(delay);
      await vi.advanceTimersByTimeAsync(delay);
    }
    expect(delays).toEqual([250, 500, 1000, 1000, 1000]);
  });

  it('gives a mute connection up after three heartbeats', async () => {
    const { stream } = await connected('price:btc/usd');
    const states: ConnectionState['phase'][] = [];
    stream.on('connection', ({ phase }) => states.push(phase));
    await vi.advanceTimersByTimeAsync(14_000);
    newest().tell({ type: 'heartbeat', time: '2026-06-01T12:00:05.000Z' });
    await vi.advanceTimersByTimeAsync(14_000);
    expect(states).toEqual([]);
    const dead = newest();
    await vi.advanceTimersByTimeAsync(1001);
    expect(states[0]).toBe('waiting');
    expect(dead.closedWith).toBe(3000);
  });

  it('gives up a socket that never says hello', async () => {
    const stream = client({ helloTimeoutMs: 4000 });
    stream.connect();
    await vi.advanceTimersByTimeAsync(4001);
    expect(stream.connection.phase).toBe('waiting');
  });

  it('stays away after a close code of 4500 and more, until asked', async () => {
    const { stream } = await connected('price:btc/usd');
    newest().drop(4502, 'limit');
    expect(stream.connection).toEqual({ phase: 'failed', reason: 'limit' });
    await vi.advanceTimersByTimeAsync(120_000);
    expect(sockets).toHaveLength(1);
    stream.retryNow();
    expect(sockets).toHaveLength(2);
  });

  it.each([4000, 4008, 4009])('comes back after %i', async (code) => {
    const { stream } = await connected('price:btc/usd');
    newest().drop(code);
    expect(stream.connection.phase).toBe('waiting');
  });

  it('does not wait when asked to retry now, and opens one socket only', async () => {
    const { stream } = await connected('price:btc/usd');
    newest().drop();
    stream.retryNow();
    expect(sockets).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(5000);
    expect(sockets).toHaveLength(2);
  });

  it('ends on close()', async () => {
    const { stream } = await connected('price:btc/usd');
    stream.close();
    expect(newest().closedWith).toBe(1000);
    await vi.advanceTimersByTimeAsync(120_000);
    expect(sockets).toHaveLength(1);
    expect(stream.connection.phase).toBe('idle');
  });

  it('survives what is no message', async () => {
    const { stream, log } = await connected('price:btc/usd');
    const errors: string[] = [];
    stream.on('protocolError', (detail) => errors.push(detail));
    for (const junk of ['{', '[]', '7', 'null']) newest().tell(junk);
    newest().tell({ type: 'of tomorrow' });
    newest().tell(update('price:btc/usd', 1));
    expect(errors).toHaveLength(4);
    expect(log.at(-1)).toBe('update price:btc/usd 1');
  });

  it('tells the time of hello and heartbeat', async () => {
    const stream = client();
    const times: string[] = [];
    stream.on('time', (time) => times.push(time));
    stream.connect();
    newest().greet();
    newest().tell({ type: 'heartbeat', time: '2026-06-01T12:00:05.000Z' });
    expect(times).toEqual(['2026-06-01T12:00:00.000Z', '2026-06-01T12:00:05.000Z']);
  });
});
