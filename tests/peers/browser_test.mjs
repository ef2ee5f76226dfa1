// The browser's WebSocket and EventSource, on a page that is the server's own and has nothing on it.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { startServer, within } from './world.mjs';

const CHROMIUM = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-headless-shell'].find((path) => path && existsSync(path));
const PLAYWRIGHT = new URL('../../web/node_modules/playwright-core/index.mjs', import.meta.url);
const skip = CHROMIUM ? !existsSync(PLAYWRIGHT) && 'no playwright-core' : 'no Chromium (apt-get install chromium)';

export function cases() {
  describe('the browser', { skip, timeout: 120_000 }, () => {
    let browser;
    let server;
    before(async () => {
      const { chromium } = await import(PLAYWRIGHT);
      [browser, server] = await Promise.all([
        chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--no-first-run'] }),
        startServer(),
      ]);
    });
    after(() => browser?.close());

    async function blankPage() {
      const page = await (await browser.newContext()).newPage();
      await page.goto(`${server.base}livez`);
      return page;
    }

    test('WebSocket with permessage-deflate', async () => {
      const page = await blankPage();
      const seen = await within(30_000, 'the page', page.evaluate(() => new Promise((resolve, reject) => {
        const socket = new WebSocket(`ws://${location.host}/api/v1/stream`);
        const seen = { types: [] };
        socket.onmessage = ({ data }) => {
          const message = JSON.parse(data);
          seen.types.push(message.type ?? 'answer');
          if (message.type === 'hello') socket.send('{"id":1,"method":"subscribe","params":{"channels":["ticker:*","price:btc/usd"]}}');
          if (message.channel === 'ticker:*') seen.rows = message.data.length;
          if (message.channel === 'price:btc/usd' && message.type === 'update') {
            seen.price = message.data.price;
            socket.close(1000);
          }
        };
        socket.onclose = ({ code }) => resolve({ ...seen, extensions: socket.extensions, code });
        socket.onerror = () => reject(new Error('the socket failed'));
      })));
      assert.equal(seen.extensions, 'permessage-deflate; server_no_context_takeover; client_no_context_takeover');
      assert.deepEqual(seen.types.slice(0, 4), ['hello', 'answer', 'snapshot', 'snapshot']);
      assert.ok(seen.rows > 10 && seen.price > 0);
      assert.equal(seen.code, 1000);
      await page.context().close();
    });

    test('EventSource, which comes back by itself', async () => {
      const page = await blankPage();
      await page.evaluate(() => {
        window.seen = [];
        const source = new EventSource('/api/v1/events?channels=price:btc/usd');
        for (const type of ['snapshot', 'update', 'resumed']) {
          source.addEventListener(type, (event) => window.seen.push({ type, id: event.lastEventId, data: JSON.parse(event.data) }));
        }
      });
      await page.waitForFunction(() => window.seen.some(({ type }) => type === 'update'));
      const first = await page.evaluate(() => window.seen);
      assert.equal(first[0].type, 'snapshot');
      assert.equal(first[0].id, `${first[0].data.epoch}:${first[0].data.seq}`);
      await server.program.stop();
      await server.start();
      await page.waitForFunction(() => window.seen.some(({ type }) => type === 'resumed'), null, { timeout: 30_000 });
      const resumed = await page.evaluate(() => window.seen.find(({ type }) => type === 'resumed'));
      assert.deepEqual(resumed.data, { recovered: false });
      await page.waitForFunction(() => window.seen.at(-1).type === 'snapshot' || window.seen.at(-1).type === 'update');
      const last = await page.evaluate(() => window.seen.at(-1).data);
      assert.notEqual(last.epoch, first[0].data.epoch);
      await page.context().close();
    });
  });
}
