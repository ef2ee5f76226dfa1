// The REST half of the mock: the shapes of docs/protocol.md, and dist as the real program serves it.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

const DIST = fileURLToPath(new URL('../../dist/', import.meta.url));
const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.txt': 'text/plain' };

class Problem extends Error {
  constructor(status, code, detail) {
    super(detail);
    Object.assign(this, { status, code });
  }
}

const number = (query, name, fallback) => {
  const value = Number(query.get(name) ?? fallback);
  if (!Number.isFinite(value) || value < 0) throw new Problem(400, 'invalid_parameter', `${name} must be a number`);
  return value;
};

function routes(market) {
  const coin = (name) => {
    const found = market.find(name);
    if (!found) throw new Problem(404, 'unknown_asset', `unknown asset '${name}'; near: bitcoin`);
    return found;
  };
  const quote = (text) => {
    if (market.rate(text ?? 'usd') === undefined) throw new Problem(400, 'invalid_parameter', `unknown currency '${text}'`);
    return (text ?? 'usd').toLowerCase();
  };
  return [
    [/^\/api\/v1\/prices$/, (q) => {
      const limit = number(q, 'limit', 100);
      const from = Number(q.get('cursor') ?? 0);
      const slice = market.coins.slice(from, from + limit);
      const next = from + limit < market.coins.length ? String(from + limit) : null;
      const code = quote(q.get('quote'));
      return { quote: code, data: slice.map((each) => market.ticker(each, code)), next_cursor: next };
    }],
    [/^\/api\/v1\/assets\/([^/]+)$/, (q, id) => {
      const found = coin(id);
      return { id: found.id, symbol: found.symbol, name: found.name, kind: 'coin', rank: found.rank, ticker: market.ticker(found, 'usd') };
    }],
    [/^\/api\/v1\/candles\/([^/]+)\/([^/]+)$/, (q, base, code) => {
      const end = q.get('end') ? Date.parse(q.get('end')) : Date.now();
      const start = q.get('start') ? Date.parse(q.get('start')) : end - 86_400_000;
      return market.candles(coin(base), quote(code), q.get('interval') ?? '1m', start, end, number(q, 'limit', 500));
    }],
    [/^\/api\/v1\/markets$/, (q) => market.markets(coin(q.get('base')))],
    [/^\/api\/v1\/rankings\/volatility$/, (q) => market.volatility(quote(q.get('quote')), number(q, 'limit', 100))],
    [/^\/api\/v1\/gaps$/, (q) => market.recordedGaps(market.find(q.get('asset') ?? ''), q.get('start') ? Date.parse(q.get('start')) : 0)],
    [/^\/api\/v1\/sources$/, () => market.sources()],
    [/^\/api\/v1\/status$/, () => market.status()],
    [/^\/history\/([^/]+)$/, (q, id) => market.history(coin(id), number(q, 'days', 30), quote(q.get('currency')))],
    [/^\/top-coins\/$/, (q) => {
      const code = quote(q.get('currency'));
      const coins = market.coins.slice(0, number(q, 'limit', 20)).map((each) => market.topCoin(each, code));
      return { currency: code, count: coins.length, coins };
    }],
    [/^\/readyz$/, () => ({ ready: true, checks: {} })],
    [/^\/openapi\.json$/, () => ({ openapi: '3.1.0', info: { title: 'Tickspan (mock)', version: '0' }, paths: { '/api/v1/status': { get: { summary: 'Status', responses: { 200: { description: 'ok' } } } } } })],
  ];
}

const docsPage = (title, head, body) => `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${title}</title>${head}</head><body>${body}</body></html>`;
const PAGES = {
  '/docs': docsPage('API', '<link rel="icon" href="data:,"><link rel="stylesheet" href="/docs-assets/swagger-ui.css">', '<div id="swagger-ui"></div><script src="/docs-assets/swagger-ui-bundle.js"></script><script>SwaggerUIBundle({url:"/openapi.json",dom_id:"#swagger-ui"})</script>'),
  '/redoc': docsPage('API', '<link rel="icon" href="data:,">', '<div id="redoc"></div><script src="/docs-assets/redoc.standalone.js"></script><script>Redoc.init("/openapi.json",{disableSearch:true,nativeScrollbars:true},document.getElementById("redoc"))</script>'),
};

function file(path) {
  const name = normalize(path.endsWith('/') ? `${path}index.html` : path);
  const full = join(DIST, name);
  if (full.startsWith(DIST) && existsSync(full) && statSync(full).isFile()) return full;
  return /^\/(coins\/[^/]+|volatility|sources)$/.test(path) ? join(DIST, 'index.html') : null;
}

/** `faults`: `fail` (a regular expression of paths that answer 503), `empty` (no coins), `delayMs`. */
export function httpHandler(market, faults) {
  const table = routes(market);
  const answer = (request, response) => {
    const url = new URL(request.url, 'http://mock');
    const send = (status, type, body, headers = {}) => {
      response.writeHead(status, { 'content-type': type, 'server-time': new Date().toISOString(), 'cache-control': 'no-cache', ...headers });
      response.end(body);
    };
    try {
      if (faults.fail && new RegExp(faults.fail).test(url.pathname)) throw new Problem(503, 'starting', 'The market is not known yet: no source has answered since the start.');
      if (PAGES[url.pathname]) return send(200, TYPES['.html'], PAGES[url.pathname]);
      for (const [pattern, handle] of table) {
        const match = pattern.exec(url.pathname);
        if (match) return send(200, 'application/json', JSON.stringify(handle(url.searchParams, ...match.slice(1).map(decodeURIComponent))));
      }
      const found = file(url.pathname);
      if (found) return send(200, TYPES[extname(found)] ?? 'application/octet-stream', readFileSync(found));
      throw new Problem(404, 'unknown_path', `nothing at ${url.pathname}`);
    } catch (error) {
      const { status = 500, code = 'internal', message } = error;
      const body = { type: 'about:blank', title: status === 404 ? 'Not found' : 'Error', status, detail: message, instance: url.pathname, code, temporary: status === 503 };
      return send(status, 'application/problem+json', JSON.stringify(body), status === 503 ? { 'retry-after': '2' } : {});
    }
  };
  return (request, response) => {
    if (faults.delayMs) setTimeout(() => answer(request, response), faults.delayMs);
    else answer(request, response);
  };
}
