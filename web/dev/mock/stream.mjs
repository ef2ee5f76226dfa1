// The WebSocket half of the mock: /api/v1/stream and /ws/prices.
import { WebSocketServer } from 'ws';

const HEARTBEAT_MS = 5000;
const STEP_MS = 250;

export function attachStreams(server, market, faults) {
  const sockets = new WebSocketServer({ noServer: true });
  const clients = new Set();
  const timers = [];

  server.on('upgrade', (request, socket, head) => {
    const url = new URL(request.url, 'http://mock');
    if (url.pathname !== '/api/v1/stream' && url.pathname !== '/ws/prices') return socket.destroy();
    sockets.handleUpgrade(request, socket, head, (client) => {
      if (url.pathname === '/ws/prices') topCoins(client, url.searchParams);
      else greet(client);
    });
  });

  function topCoins(client, query) {
    const currency = query.get('currency') ?? 'usd';
    const send = () => {
      const coins = market.coins.slice(0, Number(query.get('limit') ?? 20)).map((coin) => market.topCoin(coin, currency));
      client.send(JSON.stringify({ type: 'prices', currency, time: new Date().toISOString(), coins }));
    };
    send();
    const timer = setInterval(send, Number(query.get('interval') ?? 5) * 1000);
    client.on('close', () => clearInterval(timer));
  }

  function greet(client) {
    const session = { client, channels: new Set() };
    clients.add(session);
    client.on('close', () => clients.delete(session));
    client.on('message', (data) => request(session, JSON.parse(String(data))));
    client.send(JSON.stringify({
      type: 'hello', server: 'tickspan', version: '0.1.0-mock', protocol: 1, session: Math.random().toString(36).slice(2), heartbeat_ms: HEARTBEAT_MS,
      limits: { subscriptions: 200, message_bytes: 65536, messages_per_second: 20 }, time: new Date().toISOString(),
    }));
  }

  function request(session, { id, method, params }) {
    if (method === 'unsubscribe') for (const channel of params.channels) session.channels.delete(channel);
    if (method !== 'subscribe') return session.client.send(JSON.stringify({ id, results: (params?.channels ?? []).map((channel) => ({ channel, result: { channel } })) }));
    const results = params.channels.map((channel) => {
      if (!channel.startsWith('ticker:*') || market.rate(quoteOf(channel)) === undefined) return { channel, error: { code: 'invalid_channel', message: `the mock knows ticker:* only, not ${channel}` } };
      session.channels.add(channel);
      return { channel, result: { channel, recovered: false } };
    });
    session.client.send(JSON.stringify({ id, results }));
    for (const { channel, result } of results) if (result && !faults.mute) snapshot(session, channel);
  }

  function quoteOf(channel) {
    return channel.split('/')[1] ?? 'usd';
  }

  function snapshot(session, channel) {
    const data = market.coins.map((coin) => market.ticker(coin, quoteOf(channel)));
    session.client.send(JSON.stringify({ channel, type: 'snapshot', seq: market.seq, epoch: market.epoch, data }));
  }

  timers.push(setInterval(() => {
    if (faults.frozen) return;
    const moved = market.step();
    if (faults.mute) return;
    for (const session of clients) {
      for (const channel of session.channels) {
        const quote = quoteOf(channel);
        for (const coin of moved) {
          session.client.send(JSON.stringify({ channel: `ticker:${coin.symbol}/${quote}`, type: 'update', seq: ++market.seq, epoch: market.epoch, data: market.ticker(coin, quote) }));
        }
      }
    }
  }, STEP_MS));
  timers.push(setInterval(() => {
    for (const { client } of clients) if (!faults.mute) client.send(JSON.stringify({ type: 'heartbeat', time: new Date().toISOString() }));
  }, HEARTBEAT_MS));

  return {
    /** Goes over to the other market, as the real program does when a venue answers. */
    changeOrigin(origin) {
      market.origin = origin;
      market.epoch = Math.random().toString(16).slice(2, 10);
      for (const session of clients) {
        for (const channel of session.channels) {
          session.client.send(JSON.stringify({ channel, type: 'status', data: { origin } }));
          snapshot(session, channel);
        }
      }
    },
    snapshotAll() {
      for (const session of clients) for (const channel of session.channels) snapshot(session, channel);
    },
    close() {
      for (const timer of timers) clearInterval(timer);
      for (const client of sockets.clients) client.terminate();
    },
  };
}
