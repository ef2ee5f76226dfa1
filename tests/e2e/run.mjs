// The dashboard in a real browser against the real program: what a user sees, with nothing in between.
//   TICKSPAN_BINARY=build/release/tickspan sh tests/e2e/run.sh        (TICKSPAN_E2E_MOCK=1: against web/dev/mock-server.mjs)
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { eventually, freePort, Server, startSimulator, UNREACHABLE, usesMock } from './program.mjs';

const CHROMIUM = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-headless-shell'].find((path) => path && existsSync(path));
const PLAYWRIGHT = new URL('../../web/node_modules/playwright-core/index.mjs', import.meta.url);

function skip(reason) {
  console.log(`skipped: ${reason}`);
  process.exit(77);
}
if (!CHROMIUM) skip('no Chromium (apt-get install chromium)');
if (!existsSync(PLAYWRIGHT)) skip('no web/node_modules (web/build.sh)');
if (!usesMock && !existsSync(process.env.TICKSPAN_BINARY ?? '')) skip('TICKSPAN_BINARY does not name the program');

const { chromium } = await import(PLAYWRIGHT);
const PRICES = '[data-coin] .price';

let browser;
let server;

before(async () => {
  browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--no-first-run'],
  });
  server = new Server({ port: await freePort(), configuration: UNREACHABLE, args: ['--offline', 'simulate'] });
  await server.start();
});

after(async () => {
  await browser?.close();
  await server?.end();
});

/** A fresh visitor. What goes wrong on the page, and every request to another host, is kept. */
async function visit(path, { viewport = { width: 1280, height: 800 }, base = server.base } = {}) {
  const context = await browser.newContext({ viewport });
  context.setDefaultTimeout(40_000);
  const page = await context.newPage();
  const troubles = [];
  page.on('console', (message) => {
    if (message.type() === 'error') troubles.push(`console: ${message.text()} ${message.location().url}`);
  });
  page.on('pageerror', (error) => troubles.push(`exception: ${error.message}`));
  page.on('request', (request) => {
    const { protocol, host } = new URL(request.url());
    if (/^(https?|wss?):$/.test(protocol) && host !== new URL(base).host) troubles.push(`foreign request: ${request.url()}`);
  });
  await page.goto(new URL(path, base).href);
  return { page, troubles, leave: () => context.close() };
}

const textOf = (page, selector) => page.locator(selector).first().textContent();
const shownPrices = (page) => page.locator(PRICES).allTextContents();

async function seePriceChange(page) {
  const first = await shownPrices(page);
  await eventually('a price to change on the screen', async () => (await shownPrices(page)).some((price, index) => price !== first[index]));
}

async function noSidewaysScroll(page) {
  const excess = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(excess <= 0, `the page is ${excess} px too wide`);
}

test('the table shows prices with age and state, and they move', async () => {
  const { page, troubles, leave } = await visit('/');
  await page.waitForSelector(PRICES);
  assert.match(await textOf(page, '[data-coin="bitcoin"] .price'), /^\$[\d,]+\.\d\d$/);
  assert.match(await textOf(page, '[data-coin="bitcoin"] .age'), /^\d+ (s|min)/);
  await page.waitForSelector('[data-coin="bitcoin"] .badge-live');
  await seePriceChange(page);
  assert.deepEqual(troubles, []);
  await leave();
});

test('the simulated market is announced on every page', async () => {
  for (const path of ['/', '/coins/bitcoin', '/volatility', '/sources']) {
    const { page, leave } = await visit(path);
    const banner = page.getByTestId('origin-banner');
    await banner.waitFor();
    assert.match(await banner.textContent(), /simulated/i);
    assert.equal(await banner.locator('button').count(), 0, 'it cannot be dismissed');
    await leave();
  }
  const { page, leave } = await visit('/cryptos/');
  await page.getByText(/simulated market/i).first().waitFor();
  await leave();
});

test('another currency is chosen, shown and remembered', async () => {
  const { page, troubles, leave } = await visit('/');
  await page.waitForSelector(PRICES);
  const offered = await page.locator('select[aria-label="Currency"] > option').allTextContents();
  assert.deepEqual(offered.slice(0, 6), ['USD', 'EUR', 'GBP', 'JPY', 'INR', 'PKR']);
  await page.selectOption('select[aria-label="Currency"]', 'eur');
  await eventually('euro', async () => (await textOf(page, '[data-coin="bitcoin"] .price')).startsWith('€'));
  await seePriceChange(page);
  await page.reload();
  await page.waitForSelector(PRICES);
  assert.match(await textOf(page, '[data-coin="bitcoin"] .price'), /^€/);
  assert.deepEqual(troubles, []);
  await leave();
});

test('search narrows the table, and says so when nothing matches', async () => {
  const { page, troubles, leave } = await visit('/');
  await page.waitForSelector(PRICES);
  await page.keyboard.press('/');
  await page.keyboard.type('ethereum');
  await page.waitForSelector('[data-coin="ethereum"]');
  await eventually('only what matches', async () => (await page.locator('[data-coin="bitcoin"]').count()) === 0);
  await page.fill('input[type=search]', 'no such coin');
  await page.getByTestId('no-hits').waitFor();
  await page.keyboard.press('Escape');
  await page.waitForSelector('[data-coin="bitcoin"]');
  assert.deepEqual(troubles, []);
  await leave();
});

test('columns sort both ways', async () => {
  const { page, leave } = await visit('/');
  await page.waitForSelector(PRICES);
  const head = page.getByRole('columnheader', { name: 'Sort by Coin' });
  const names = () => page.locator('[data-coin] .coin-link').allTextContents();
  for (const [direction, sign] of [['ascending', 1], ['descending', -1]]) {
    await head.getByRole('button').click();
    await eventually(direction, async () => (await head.getAttribute('aria-sort')) === direction);
    const rows = await page.locator('[data-coin]').evaluateAll((all) =>
      all.map((row) => [Number(row.getAttribute('aria-rowindex')), row.querySelector('.coin-link').textContent]));
    const shown = rows.sort(([a], [b]) => a - b).map(([, name]) => name);
    const sorted = [...shown].sort((a, b) => sign * a.localeCompare(b, 'en', { sensitivity: 'base' }));
    assert.deepEqual(shown, sorted);
  }
  assert.ok((await names()).length > 3);
  await leave();
});

test('a coin has its page with a chart for each range', async () => {
  const { page, troubles, leave } = await visit('/');
  await page.getByRole('link', { name: 'Bitcoin', exact: true }).click();
  await page.waitForURL('**/coins/bitcoin');
  const chart = page.getByTestId('chart').or(page.getByTestId('chart-empty'));
  for (const range of ['24h', '7d', '30d']) {
    await page.getByRole('button', { name: range }).click();
    await chart.waitFor();
    await page.getByTestId('coverage').waitFor();
  }
  await page.getByRole('button', { name: 'candles' }).click();
  await page.getByRole('button', { name: '24h' }).click();
  await chart.waitFor();
  assert.match(await textOf(page, '[data-testid="coin-price"]'), /^\$[\d,.]+$/);
  await page.getByText('Circulating').waitFor();
  await page.goBack();
  await page.waitForSelector(PRICES);
  assert.deepEqual(troubles, []);
  await leave();
});

test('a coin says which venues its price comes from, and how old each is', async () => {
  const { page, troubles, leave } = await visit('/coins/bitcoin');
  const rows = page.locator('.venues-table tbody tr');
  await eventually('several venues', async () => (await rows.count()) >= 2);
  const text = await page.locator('.venues').textContent();
  assert.match(text, /of \d+ pairs count/);
  await eventually('their names', async () => /^Kraken /.test(await page.locator('.venues-table tr[data-venue=kraken] td').first().textContent()));
  await eventually('one that counts', async () => (await page.locator('.venues-table tr[data-reason=used]').count()) >= 1);
  const used = await page.locator('.venues-table tr[data-reason=used] .age').first().textContent();
  assert.match(used, /\d/);
  assert.deepEqual(troubles, []);
  await leave();
});

test('the line chart has points once minutes are kept', async () => {
  const { page, leave } = await visit('/coins/bitcoin');
  await eventually('points in the chart', async () => {
    if ((await page.locator('[data-testid="chart"]:not([data-points="0"]) canvas').count()) > 0) return true;
    await page.getByRole('button', { name: 'candles' }).click();
    await page.getByRole('button', { name: 'line' }).click();
    return false;
  }, { timeoutMs: 100_000, everyMs: 1000 });
  await leave();
});

/** A day of prices and one gap of each state, put in the place of the server's. */
async function visitGaps(options, more = null) {
  const { page, troubles, leave } = await visit('/', options);
  const now = Date.now();
  const iso = (hoursAgo) => new Date(now - hoursAgo * 3_600_000).toISOString();
  const gap = (venue, from, to, cause, state) =>
    ({ venue, symbol: null, pair: null, start: iso(from), end: iso(to), cause, state, expected: null, recovered: 0 });
  const recorded = [gap('kraken', 5, 4, 'disconnect', 'open'), gap('coinbase', 11, 10, 'disk_full', 'lost'), gap('binance', 19, 17, 'restart', 'repaired')];
  const prices = Array.from({ length: 288 }, (_, i) => [now - (288 - i) * 300_000, 60_000 + 900 * Math.sin(i / 20)]);
  const answer = {
    coin_id: 'bitcoin', currency: 'usd', days: 1, complete: false, origin: 'simulated', source: 'composite', conversion: 'none', prices, market_caps: [], total_volumes: [],
    gaps: [{ venue: null, start: iso(15), end: iso(14), cause: 'no_data' }, { venue: 'kraken', start: iso(5), end: iso(4), cause: 'disconnect' }],
  };
  await page.route('**/api/v1/gaps?*', (route) => route.fulfill({ json: { start: iso(24), end: iso(0), data: recorded, next_cursor: more } }));
  const takeovers = [
    { asset: 'bitcoin', at: iso(7), from: 'coingecko', to: 'composite', cause: 'preferred' },
    { asset: 'bitcoin', at: iso(8), from: 'composite', to: 'coingecko', cause: 'silent' },
  ];
  await page.route('**/api/v1/takeovers?*', (route) => route.fulfill({ json: { start: iso(24), end: iso(0), before: 'composite', data: takeovers, next_cursor: null } }));
  await page.route('**/history/bitcoin?*', (route) => route.fulfill({ json: answer }));
  await page.getByRole('link', { name: 'Bitcoin', exact: true }).click();
  // Two answers bring them: the chart's and the gaps'.
  await page.getByTestId('gap-legend').getByText('not filled yet').waitFor();
  await page.getByTestId('gap-legend').getByText('no data').waitFor();
  return { page, troubles, leave };
}

test('the chart shades gaps by what became of them, and says it', async () => {
  for (const width of [1280, 360]) {
    const { page, troubles, leave } = await visitGaps({ viewport: { width, height: 800 } });
    const legend = await page.getByTestId('gap-legend').textContent();
    for (const label of ['not filled yet (1)', 'lost (1)', 'no data (1)', 'repaired (1)']) assert.ok(legend.includes(label), `${label} in ${legend}`);
    assert.match(await page.getByRole('list', { name: 'Gaps, newest first' }).textContent(), /Kraken: connection lost – not filled yet.*Coinbase: disk full – lost.*Binance: this server was not running – repaired/s);
    const looks = new Set();
    for (const state of ['open', 'lost', 'unknown', 'repaired']) {
      const shade = page.locator(`.gap-layer [data-gap="${state}"]`);
      await shade.waitFor({ state: 'attached' });
      looks.add(await shade.evaluate((element) => { const style = getComputedStyle(element); return style.backgroundImage + style.backgroundColor + style.border; }));
      const place = await shade.boundingBox();
      assert.ok(place.width > 5 && place.height > 100, `${state}: ${JSON.stringify(place)}`);
    }
    assert.equal(looks.size, 4, 'each state looks different');
    for (const to of ['coingecko', 'composite']) {
      const mark = page.locator(`.takeover-mark[data-to="${to}"]`);
      await mark.waitFor({ state: 'attached' });
      assert.ok((await mark.boundingBox()).height > 100);
    }
    assert.match(await page.getByTestId('takeovers').textContent(), /from CoinGecko to the venues: back again.*from the venues to CoinGecko: it was not heard any more/s);
    const open = await page.locator('.gap-layer [data-gap="open"]').boundingBox();
    await page.mouse.move(open.x + open.width / 2, open.y + open.height / 2);
    assert.match(await page.getByTestId('gap-tip').textContent(), /for 1 h, Kraken: connection lost – not filled yet/);
    await page.mouse.move(2, 2);
    await page.getByTestId('gap-tip').waitFor({ state: 'detached' });
    await noSidewaysScroll(page);
    assert.deepEqual(troubles, []);
    await leave();
  }
});

test('where there are more gaps than are shown, the pages say it', async () => {
  const { page, troubles, leave } = await visitGaps({ viewport: { width: 360, height: 800 } }, 'more');
  assert.match(await page.getByTestId('gaps-cut').textContent(), /more recorded gaps than are shown: these are the newest, since/);
  assert.match(await page.getByTestId('coverage').textContent(), /at least 3 gaps in this range/);
  await noSidewaysScroll(page);
  await page.goto(new URL('/sources', server.base).href);
  const row = (source) => page.locator(`[data-source="${source}"] dl > div`, { hasText: 'Gaps in 24 h' });
  await row('kraken').getByText('at least 1 not filled yet among the newest 1,000 of all sources').waitFor();
  await row('coingecko').getByText('none among the newest 1,000 of all sources').waitFor();
  await noSidewaysScroll(page);
  assert.deepEqual(troubles, []);
  await leave();
});

test('an unknown coin says so, with what the server knows', async () => {
  const { page, leave } = await visit('/coins/bitcon');
  const panel = page.getByTestId('error-panel');
  await panel.waitFor();
  assert.match(await panel.textContent(), /bitcoin/);
  await leave();
});

test('volatility and sources', async () => {
  const { page, troubles, leave } = await visit('/volatility');
  await page.getByRole('heading', { name: 'Volatility' }).waitFor();
  await page.locator('.volatility-table tbody tr').or(page.getByTestId('no-hits')).first().waitFor();
  await page.getByRole('link', { name: 'Sources' }).click();
  await page.waitForSelector('[data-source="binance"]');
  await page.waitForSelector('[data-source="coingecko"]');
  const named = page.getByRole('navigation', { name: 'All sources' }).getByRole('link');
  assert.equal(await named.count(), await page.locator('[data-source]').count(), 'all at a glance');
  await page.locator('[data-source="kraken"]').getByText('Gaps in 24 h').waitFor();
  assert.deepEqual(troubles, []);
  await leave();
});

test('attributions stand in the footer', async () => {
  const { page, leave } = await visit('/');
  await page.getByRole('contentinfo').getByText('TradingView Lightweight Charts').waitFor();
  await page.getByRole('contentinfo').getByText(/CoinGecko/).waitFor();
  await leave();
});

test('/cryptos/ shows ten coins, their moves and the time of the update', async () => {
  const { page, troubles, leave } = await visit('/cryptos/');
  await eventually('ten rows', async () => (await page.locator('[data-coin]').count()) === 10);
  await page.getByText(/^Last updated: \d\d:\d\d:\d\d$/).waitFor();
  await eventually('a move', async () => (await page.locator('.move.up, .move.down').count()) > 0);
  assert.deepEqual(troubles, []);
  await leave();
});

test('the API documentation renders without any other host', async () => {
  for (const [path, rendered] of [['/docs', '.swagger-ui .opblock'], ['/redoc', '#redoc h1']]) {
    const { page, troubles, leave } = await visit(path);
    await page.waitForSelector(rendered);
    await page.waitForLoadState('networkidle');
    assert.deepEqual(troubles, [], path);
    await leave();
  }
});

test('a phone gets everything without sideways scrolling', async () => {
  for (const path of ['/', '/coins/bitcoin', '/volatility', '/sources', '/cryptos/']) {
    const { page, leave } = await visit(path, { viewport: { width: 360, height: 740 } });
    await page.waitForSelector('.price, .source, .state-panel'); // the ranking is empty in the first half hour
    await noSidewaysScroll(page);
    await leave();
  }
});

test('the server is gone: the page says so, counts down, and recovers by itself', async () => {
  const { page, leave } = await visit('/');
  const cryptos = await visit('/cryptos/');
  await page.waitForSelector(PRICES);
  await eventually('ten rows', async () => (await cryptos.page.locator('[data-coin]').count()) === 10);
  await server.crash();
  const banner = page.getByTestId('offline-banner');
  await banner.waitFor();
  await page.waitForSelector('[data-coin="bitcoin"] .badge-offline');
  assert.equal(await page.locator('.badge-live').count(), 0, 'nothing is called live any more');
  await banner.getByText(/Next attempt in|Trying now/).waitFor();
  await cryptos.page.getByText('Disconnected').waitFor();
  await server.start();
  await banner.waitFor({ state: 'detached' });
  await page.waitForSelector('[data-coin="bitcoin"] .badge-live');
  await seePriceChange(page);
  await cryptos.page.locator('#trouble').waitFor({ state: 'hidden' });
  await leave();
  await cryptos.leave();
});

test('prices come from venues over real sockets', { skip: usesMock ? 'the mock has no venues' : false }, async () => {
  const { program, configuration } = await startSimulator();
  const other = new Server({ port: await freePort(), configuration, args: ['--offline', 'wait'] });
  try {
    await other.start();
    const { page, leave } = await visit('/', { base: other.base });
    await page.waitForSelector('[data-coin="bitcoin"] .badge-live');
    await seePriceChange(page);
    await page.goto(new URL('/sources', other.base).href);
    for (const venue of ['binance', 'coinbase', 'kraken', 'okx', 'bybit', 'bitstamp']) await page.waitForSelector(`[data-source="${venue}"] .badge-live`);
    await leave();
  } finally {
    await other.end();
    await program.stop();
  }
});
