// What the tests of the client share: a socket that does what a test says, and a log of what a listener is told.
import { vi } from 'vitest';
import { StreamClient, type SocketLike, type StreamOptions } from './client';
import type { Push } from './types';

export class FakeSocket implements SocketLike {
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
  greet(session = 's1', limits: Record<string, number> = { subscriptions: 200, message_bytes: 65536, messages_per_second: 20 }) {
    this.readyState = 1;
    this.tell({ type: 'hello', server: 'tickspan', version: '1', protocol: 1, session, heartbeat_ms: 5000, limits, time: '2026-06-01T12:00:00.000Z' });
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

export let sockets: FakeSocket[] = [];
export const newest = () => {
  const socket = sockets.at(-1);
  if (!socket) throw new Error('no socket');
  return socket;
};
export const settle = () => vi.advanceTimersByTimeAsync(0);

export function client(options: Partial<StreamOptions> = {}) {
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

export const update = (channel: string, seq: number, epoch = 'e1', data: unknown = seq): Push => ({ channel, type: 'update', seq, epoch, data });
export const snapshot = (channel: string, seq: number, epoch = 'e1', data: unknown = 'all'): Push => ({ channel, type: 'snapshot', seq, epoch, data });

export function recorder() {
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

/** Before each test: no sockets yet, and time stands still. */
export function begin() {
  sockets = [];
  vi.useFakeTimers();
}

export async function connected(channel: string, options: Partial<StreamOptions> = {}) {
  const stream = client(options);
  const { log, handlers } = recorder();
  const leave = stream.subscribe(channel, handlers);
  stream.connect();
  newest().greet();
  await settle();
  newest().accept();
  return { stream, log, leave };
}
