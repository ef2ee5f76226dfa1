// npm's ws, Node's own WebSocket, Python's websockets and curl.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { eventually } from '../e2e/program.mjs';
import { EventParser } from './events.mjs';
import { firstContact, loadWs, Peer, resume, streamOf, TRADES } from './sockets.mjs';
import { priced, startServer, within } from './world.mjs';

const WebSocketOfWs = loadWs();
const PYTHON = '/usr/bin/python3'; // where the distribution puts its packages, whatever another python in PATH has
const SCRIPT = fileURLToPath(new URL('stream_client.py', import.meta.url));
const noNative = typeof WebSocket === 'undefined' && `Node.js ${process.version} has no WebSocket of its own`;
const noPython = spawnSync(PYTHON, ['-c', 'import websockets']).status !== 0 && 'no python3-websockets';
const noCurl = spawnSync('curl', ['--version']).status !== 0 && 'no curl';

/** A program whose lines are read as they come; ended by the test that started it. */
class Helper {
  constructor(command, args) {
    this.output = '';
    this.errors = '';
    this.child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.child.stdout.on('data', (chunk) => (this.output += chunk));
    this.child.stderr.on('data', (chunk) => (this.errors += chunk));
    this.ended = once(this.child, 'close').then(([code]) => code);
  }
  says(text) {
    return eventually(`${text} (it said: ${this.output}${this.errors})`, () => this.output.includes(text), { timeoutMs: 20_000 });
  }
  async end() {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill('SIGKILL');
    await this.ended;
  }
}

async function python(what, url) {
  const helper = new Helper(PYTHON, [SCRIPT, what, url]);
  try {
    assert.equal(await within(50_000, `python ${what}`, helper.ended), 0, helper.errors);
  } finally {
    await helper.end();
  }
}

/** `curl -N` until `enough` of its events; the head that came before them. */
async function curl(url, enough, headers = []) {
  const helper = new Helper('curl', ['-siN', ...headers.flatMap((header) => ['-H', header]), url]);
  const parser = new EventParser();
  const events = [];
  let head;
  let read = 0;
  try {
    await eventually(`events from ${url}`, () => {
      if (head === undefined) {
        const end = helper.output.indexOf('\r\n\r\n');
        if (end < 0) return false;
        head = helper.output.slice(0, end).toLowerCase();
        read = end + 4;
      }
      events.push(...parser.take(helper.output.slice(read)));
      read = helper.output.length;
      return enough(events);
    }, { timeoutMs: 20_000 });
  } finally {
    await helper.end();
  }
  return { events, head };
}

export function cases() {
  describe('clients of others', { timeout: 120_000 }, () => {
    let server;
    before(async () => {
      server = await startServer();
    });
    const url = () => streamOf(server);

    test('ws: hello, snapshots, updates, ping', async () => {
      const socket = new WebSocketOfWs(url(), { perMessageDeflate: false });
      const peer = await firstContact(socket);
      assert.equal(socket.extensions, '');
      socket.ping('are you there');
      const [echo] = await within(5000, 'a pong', once(socket, 'pong'));
      assert.equal(String(echo), 'are you there');
      socket.close(1000);
      assert.equal((await within(5000, 'the close', peer.closed)).code, 1000);
    });

    test('ws: permessage-deflate', async () => {
      const socket = new WebSocketOfWs(url(), { perMessageDeflate: true });
      let packed = 0;
      socket.once('open', () => socket._socket.on('data', (bytes) => (packed += bytes.length)));
      const peer = await firstContact(socket);
      assert.equal(socket.extensions, 'permessage-deflate');
      // What comes is really packed: rows of a table are much shorter on the wire than they are.
      const start = packed;
      await peer.ask('subscribe', { channels: ['ticker:*'] });
      const { data } = await peer.push('ticker:*', 'snapshot');
      const plain = JSON.stringify(data).length;
      assert.ok(packed - start < plain / 2, `${packed - start} bytes for ${plain}`);
      // A request that is packed itself.
      const { results } = await peer.ask('subscribe', { channels: Array.from({ length: 100 }, () => 'price:btc/usd') });
      assert.equal(results.length, 100);
      socket.terminate();
    });

    test('ws: comes back where it was', () => resume(() => new WebSocketOfWs(url()), (socket) => socket.terminate()));

    test("Node's own WebSocket: hello, snapshots, updates, ping", { skip: noNative }, async () => {
      const socket = new WebSocket(url());
      const peer = await firstContact(socket);
      socket.close(1000);
      assert.equal((await within(5000, 'the close', peer.closed)).code, 1000);
    });

    test("Node's own WebSocket: comes back where it was", { skip: noNative }, () => resume(() => new WebSocket(url()), (socket) => socket.close()));

    test("Python's websockets: hello, snapshots, updates, ping, permessage-deflate", { skip: noPython }, () => python('contact', url()));

    test("Python's websockets: comes back where it was", { skip: noPython }, () => python('resume', url()));

    test('curl: server-sent events', { skip: noCurl }, async () => {
      const of = `${server.base}api/v1/events?channels=price:btc/usd,${TRADES}`;
      const { events, head } = await curl(of, (all) => all.filter(({ type }) => type === 'update').length >= 3);
      assert.match(head, /^http\/1.1 200/);
      assert.match(head, /content-type: text\/event-stream/);
      assert.match(head, /x-accel-buffering: no/);
      assert.deepEqual(events.slice(0, 2).map(({ type, data }) => [type, data.type, data.channel]),
        [['snapshot', 'snapshot', 'price:btc/usd'], ['snapshot', 'snapshot', TRADES]]);
      const positions = events.map(({ id }) => Number(id.split(':')[1]));
      assert.ok(positions.every((position, at) => position > 0 && (at === 0 || position >= positions[at - 1])), positions.join());
      for (const { type, data } of events) assert.equal(type, data.type);
      const trades = events.filter(({ type, data }) => type === 'update' && data.channel === TRADES).map(({ data }) => data.seq);
      assert.ok(trades.every((seq, at) => at === 0 || seq === trades[at - 1] + 1), trades.join());
    });

    test('curl: Last-Event-ID', { skip: noCurl }, async () => {
      const of = `${server.base}api/v1/events?channels=price:btc/usd`;
      const first = await curl(of, (all) => all.some(({ type }) => type === 'update'));
      const { id } = first.events.at(-1);
      const second = await curl(of, (all) => all.length >= 2, [`Last-Event-ID: ${id}`]);
      assert.equal(second.events[0].type, 'resumed');
      assert.equal(typeof second.events[0].data.recovered, 'boolean');
      assert.equal(second.events[1].type, 'snapshot');
      assert.ok(second.events[1].data.seq >= first.events.at(-1).data.seq);
      const foreign = await curl(of, (all) => all.length >= 2, ['Last-Event-ID: of-another-life:5']);
      assert.deepEqual(foreign.events[0].data, { recovered: false });
    });

    test('curl: a wrong channel is refused in words', { skip: noCurl }, async () => {
      const helper = new Helper('curl', ['-s', '-w', '%{http_code} %{content_type}', `${server.base}api/v1/events?channels=price:bitcon/usd`]);
      assert.equal(await within(20_000, 'curl', helper.ended), 0);
      assert.match(helper.output, /bitcoin.*404 application\/problem\+json$/s);
    });
  });

  test('SIGTERM: every client is told to come back, and can', { timeout: 120_000 }, async (context) => {
    const server = await startServer();
    const url = streamOf(server);
    const peers = { ws: new Peer(new WebSocketOfWs(url)), 'ws, plain': new Peer(new WebSocketOfWs(url, { perMessageDeflate: false })) };
    if (!noNative) peers.native = new Peer(new WebSocket(url));
    let epoch;
    for (const peer of Object.values(peers)) {
      await peer.next('hello', ({ type }) => type === 'hello');
      await peer.ask('subscribe', { channels: [TRADES] });
      epoch = (await peer.push(TRADES, 'snapshot')).epoch;
    }
    const pythons = noPython ? null : new Helper(PYTHON, [SCRIPT, 'wait', url]);
    const curls = noCurl ? null : new Helper('curl', ['-sN', `${server.base}api/v1/events?channels=price:btc/usd`]);
    context.after(() => Promise.all([pythons?.end(), curls?.end()]));
    await pythons?.says('open');
    await curls?.says('event: update');

    await server.program.stop();
    assert.equal(server.program.child.exitCode, 0, server.program.output);
    for (const [name, peer] of Object.entries(peers)) {
      assert.deepEqual(await within(5000, `the close of ${name}`, peer.closed), { code: 4000, reason: 'shutdown' }, name);
    }
    await pythons?.says('closed 4000 shutdown');
    if (curls) assert.equal(await within(5000, "curl's end", curls.ended), 0, 'the events did not end in order');

    await server.start();
    await priced(server);
    const back = new Peer(new WebSocketOfWs(url));
    await back.next('hello', ({ type }) => type === 'hello');
    const { results } = await back.ask('subscribe', { channels: [TRADES], since: { [TRADES]: { epoch, seq: 1 } } });
    assert.equal(results[0].result.recovered, false, 'it is another epoch');
    assert.notEqual((await back.push(TRADES, 'snapshot')).epoch, epoch);
    back.socket.terminate();
  });
}
