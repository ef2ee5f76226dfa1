#!/usr/bin/env node
// A stand-in for the program, for work on the dashboard alone: the shapes of docs/protocol.md with moving prices.
//   node dev/mock-server.mjs [--listen 127.0.0.1:8010] [--origin simulated|real|replay] [--coins 300]
// Faults are switched while it runs: curl -X POST localhost:8010/__mock -d '{"fail":"/api/v1/prices"}'
//   fail (pattern of paths that answer 503), mute (stream says nothing), frozen (no prices move), delayMs,
//   state (all coins live|quiet|stale|down), origin (goes over to another market), empty (no coins)
import { createServer } from 'node:http';
import { parseArgs } from 'node:util';
import { httpHandler } from './mock/http.mjs';
import { MockMarket } from './mock/market.mjs';
import { attachStreams } from './mock/stream.mjs';

const { values } = parseArgs({
  options: { listen: { type: 'string', default: '127.0.0.1:8010' }, origin: { type: 'string', default: 'simulated' }, coins: { type: 'string', default: '300' } },
});
const [host, port] = values.listen.split(':');
const market = new MockMarket({ coins: Number(values.coins), origin: values.origin });
const faults = {};
const handle = httpHandler(market, faults);

const server = createServer((request, response) => {
  if (request.url !== '/__mock') return handle(request, response);
  let body = '';
  request.on('data', (chunk) => (body += chunk));
  request.on('end', () => {
    const { origin, state, empty, ...rest } = JSON.parse(body || '{}');
    Object.assign(faults, rest);
    if (state !== undefined) market.forcedState = state;
    if (empty) market.coins.length = 0;
    if (origin) streams.changeOrigin(origin);
    else if (state !== undefined || empty) streams.snapshotAll();
    response.end('{}');
  });
});
const streams = attachStreams(server, market, faults);
server.listen(Number(port), host, () => console.log(`http://${host}:${server.address().port}/`));

const stop = () => {
  streams.close();
  server.close();
  server.closeAllConnections();
};
process.on('SIGTERM', stop);
process.on('SIGINT', stop);
