// A WebSocket of any make, as long as it has the browser's events, and what is asked of the stream through it.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { within } from './world.mjs';

export const WS = fileURLToPath(new URL('../../web/node_modules/ws/index.js', import.meta.url));
export const loadWs = () => createRequire(import.meta.url)(WS);

export const TRADES = 'trades:kraken:btc/usd';
export const streamOf = (server) => `${server.base.replace('http', 'ws')}api/v1/stream`;

/** Keeps what comes, in order, until it is asked for. */
export class Peer {
  #queue = [];
  #waiting = [];
  #nextId = 1;

  constructor(socket) {
    this.socket = socket;
    this.closed = new Promise((resolve) => {
      socket.onclose = ({ code, reason }) => {
        const end = { code, reason };
        for (const { reject } of this.#waiting.splice(0)) reject(new Error(`closed with ${code} ${reason}`));
        this.end = end;
        resolve(end);
      };
    });
    socket.onerror = () => undefined; // the close that follows is looked at
    socket.onmessage = ({ data }) => {
      assert.equal(typeof data, 'string');
      this.#queue.push(JSON.parse(data));
      this.#serve();
    };
  }

  #serve() {
    for (const waiter of [...this.#waiting]) {
      const at = this.#queue.findIndex(waiter.wanted);
      if (at < 0) continue;
      this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
      waiter.resolve(this.#queue.splice(0, at + 1).at(-1));
    }
  }

  /** The next message that `wanted` says yes to; those before it are dropped. */
  next(what, wanted, milliseconds = 20_000) {
    return within(milliseconds, what, new Promise((resolve, reject) => {
      if (this.end) return reject(new Error(`closed with ${this.end.code} ${this.end.reason}`));
      this.#waiting.push({ wanted, resolve, reject });
      this.#serve();
    }));
  }
  push(channel, type) {
    return this.next(`${type} of ${channel}`, (message) => message.channel === channel && message.type === type);
  }
  async ask(method, params) {
    const id = this.#nextId++;
    this.socket.send(JSON.stringify({ id, method, ...(params && { params }) }));
    return this.next(`the answer to ${method}`, (message) => message.id === id);
  }
}

/** Hello, subscribe, snapshots, updates, ping: what the first minute of any client is. */
export async function firstContact(socket) {
  const peer = new Peer(socket);
  const hello = await peer.next('hello', () => true);
  assert.equal(hello.type, 'hello');
  assert.equal(hello.protocol, 1);
  assert.ok(hello.heartbeat_ms > 0 && hello.limits.subscriptions > 0);
  const { results } = await peer.ask('subscribe', { channels: ['price:Bitcoin/USD', 'ticker:*', 'price:bitcon/usd'] });
  assert.deepEqual(results[0].result, { channel: 'price:btc/usd', recovered: false });
  assert.deepEqual(results[1].result, { channel: 'ticker:*', recovered: false });
  assert.equal(results[2].error.code, 'unknown_asset');
  assert.ok(results[2].error.near.includes('bitcoin'));
  const price = await peer.push('price:btc/usd', 'snapshot');
  assert.equal(price.data.state, 'live');
  assert.ok(price.data.price > 0);
  const tickers = await peer.push('ticker:*', 'snapshot');
  assert.ok(tickers.data.some(({ id }) => id === 'bitcoin') && tickers.data.length > 10);
  // A ticker's update is one of the snapshot's, not a repetition of it.
  const update = await peer.next('an update of some ticker', ({ channel, type }) => channel?.startsWith('ticker:') && type === 'update');
  assert.ok(update.seq > tickers.seq, `${update.seq} after ${tickers.seq}`);
  assert.equal(update.epoch, tickers.epoch);
  assert.ok((await peer.ask('ping')).result.time);
  await peer.ask('unsubscribe', { channels: ['ticker:*'] });
  await peer.push('price:btc/usd', 'update');
  return peer;
}

/** Loses the connection in the middle of a lossless channel: what was missed comes, each once and in order. */
export async function resume(open, lose) {
  const before = new Peer(open());
  await before.next('hello', ({ type }) => type === 'hello');
  await before.ask('subscribe', { channels: [TRADES] });
  const { seq, epoch } = await before.push(TRADES, 'update');
  await before.push(TRADES, 'update'); // one more that is then missed for sure
  lose(before.socket);
  await before.closed;

  const after = new Peer(open());
  await after.next('hello', ({ type }) => type === 'hello');
  const { results } = await after.ask('subscribe', { channels: [TRADES], since: { [TRADES]: { epoch, seq } } });
  assert.deepEqual(results[0].result, { channel: TRADES, recovered: true });
  for (let next = seq + 1; next <= seq + 5; ++next) {
    const message = await after.next('a trade', ({ channel }) => channel === TRADES);
    assert.equal(message.type, 'update');
    assert.equal(message.seq, next);
  }
  const foreign = await after.ask('subscribe', { channels: [TRADES], since: { [TRADES]: { epoch: 'of another life', seq } } });
  assert.equal(foreign.results[0].result.recovered, false);
  await after.push(TRADES, 'snapshot');
  after.socket.close(1000);
  assert.equal((await within(5000, 'the close', after.closed)).code, 1000);
}
