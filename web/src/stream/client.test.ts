import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { begin, client, connected, newest, settle, sockets, update } from './fixture';
import type { ConnectionState } from './types';

beforeEach(begin);
afterEach(() => {
  vi.useRealTimers();
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

  it('sleeps when the server ends a connection without subscriptions, until there is one', async () => {
    const { stream, leave } = await connected('price:btc/usd');
    leave();
    await settle();
    newest().drop(4502, 'idle');
    expect(stream.connection).toEqual({ phase: 'idle' });
    await vi.advanceTimersByTimeAsync(120_000);
    expect(sockets).toHaveLength(1);
    stream.subscribe('price:eth/usd', {});
    expect(sockets).toHaveLength(2);
    newest().greet('s2');
    expect(newest().sent).toMatchObject([{ method: 'subscribe', params: { channels: ['price:eth/usd'] } }]);
    newest().drop(4502, 'idle'); // on its way when the subscription was asked for
    expect(stream.connection.phase).toBe('waiting');
  });

  it('stays away after close(), sleeping or not', async () => {
    const stream = client();
    stream.connect();
    newest().greet();
    newest().drop(4502, 'idle');
    stream.close();
    stream.subscribe('price:eth/usd', {});
    await settle();
    expect(sockets).toHaveLength(1);
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
