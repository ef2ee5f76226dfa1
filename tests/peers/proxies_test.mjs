// nginx and HAProxy in front: the upgrade, events as they happen, idle times, and whose address counts.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { EventParser } from './events.mjs';
import { has, startProxy } from './proxies.mjs';
import { firstContact, loadWs, Peer, resume } from './sockets.mjs';
import { startServer, within } from './world.mjs';

const WebSocketOfWs = loadWs();
const HEARTBEAT_S = 2;
const QUIET = 'price:usd/usd'; // a snapshot, then nothing
const streamAt = (base) => `${base.replace('http', 'ws')}api/v1/stream`;

/** What an address is answered: so many requests at once, each with this header. */
async function burst(base, count, forwarded) {
  const answers = await Promise.all(Array.from({ length: count }, (_, n) => fetch(`${base}api/v1/status`, { headers: { 'X-Forwarded-For': forwarded(n) } })));
  return answers.map(({ status }) => status);
}

const limited = { 'server.requests_per_second': '1' };
const settings = (more) => Object.entries(more).map(([key, value]) => `${key}=${value}`);

export function cases() {
  describe('proxies in front', { timeout: 120_000 }, () => {
    let open;
    let trusting;
    let wary;

    before(async () => {
      [open, trusting, wary] = await Promise.all([
        startServer(`stream.heartbeat_s=${HEARTBEAT_S}`),
        startServer(...settings({ ...limited, 'server.trusted_proxies': '127.0.0.1' })),
        startServer(...settings(limited)),
      ]);
    });

    for (const kind of ['nginx', 'haproxy']) {
      describe(kind, { skip: !has(kind) && `no ${kind} (tools/install_packages.sh test)`, concurrency: true, timeout: 60_000 }, () => {
        let proxy;
        let base;
        before(async () => {
          proxy = await startProxy(kind, {
            patient: { server: open, idle: HEARTBEAT_S + 2 },
            hasty: { server: open, idle: 1 },
            trusting: { server: trusting, idle: 10 },
            wary: { server: wary, idle: 10 },
          });
          base = proxy.base;
        });
        after(() => proxy?.stop());

        test('the upgrade, and permessage-deflate through it', async () => {
          const socket = new WebSocketOfWs(streamAt(base.patient));
          const peer = await firstContact(socket);
          assert.equal(socket.extensions, 'permessage-deflate');
          socket.close(1000);
          assert.equal((await within(5000, 'the close', peer.closed)).code, 1000);
        });

        test('a client that comes back through it', () => resume(() => new WebSocketOfWs(streamAt(base.patient)), (socket) => socket.terminate()));

        test('events come as they happen, and heartbeats keep them open', async (context) => {
          const ending = new AbortController();
          context.after(() => ending.abort());
          const response = await fetch(`${base.patient}api/v1/events?channels=${QUIET}`, { signal: ending.signal });
          assert.equal(response.status, 200);
          const parser = new EventParser();
          const texts = response.body.pipeThrough(new TextDecoderStream())[Symbol.asyncIterator]();
          // A snapshot of a few bytes fills no buffer.
          const first = await within(3000, 'the first event', texts.next());
          assert.equal(parser.take(first.value)[0].type, 'snapshot');
          while (parser.comments < 3) {
            const { done, value } = await within(2 * HEARTBEAT_S * 1000, 'a heartbeat', texts.next());
            assert.ok(!done, 'the proxy has cut it');
            parser.take(value);
          }
        });

        test('heartbeats keep an idle socket open', async () => {
          const peer = new Peer(new WebSocketOfWs(streamAt(base.patient)));
          for (let i = 0; i < 3; ++i) await peer.next('a heartbeat', ({ type }) => type === 'heartbeat', 2 * HEARTBEAT_S * 1000);
          peer.socket.terminate();
        });

        test('an idle time shorter than the heartbeat cuts, and the client can tell', async () => {
          const peer = new Peer(new WebSocketOfWs(streamAt(base.hasty)));
          await peer.next('hello', ({ type }) => type === 'hello');
          assert.equal((await within(5000, 'the cut', peer.closed)).code, 1006);
        });

        test('a client counts by its own address where the proxy is trusted', async () => {
          const one = await burst(base.trusting, 12, () => '203.0.113.7');
          assert.ok(one.includes(429), one.join());
          const other = await burst(base.trusting, 2, () => '203.0.113.8');
          assert.deepEqual(other, [200, 200], 'another client pays for the first');
          // What the client itself claims stands before what the proxy says, and counts for nothing.
          const forged = await burst(base.trusting, 12, (n) => `198.51.100.${n}, 203.0.113.9`);
          assert.ok(forged.includes(429), forged.join());
        });

        test('and by the proxy where it is not, whatever the header says', async () => {
          const answers = await burst(base.wary, 12, (n) => `203.0.113.${n}`);
          assert.ok(answers.includes(429), answers.join());
        });
      });
    }

    test('nobody who comes straight is believed either', { timeout: 60_000 }, async () => {
      const answers = await burst(wary.base, 12, (n) => `203.0.113.${n}`);
      assert.ok(answers.includes(429), answers.join());
    });
  });
}
