// Clients and proxies that others wrote against the real program, whose market comes from the simulated venues.
//   TICKSPAN_BINARY=build/release/tickspan sh tests/peers/run.sh
import { existsSync } from 'node:fs';
import { after, describe } from 'node:test';
import { WS } from './sockets.mjs';
import { endWorld } from './world.mjs';

function skip(reason) {
  console.log(`skipped: ${reason}`);
  process.exit(77);
}
if (!existsSync(process.env.TICKSPAN_BINARY ?? '')) skip('TICKSPAN_BINARY does not name the program');
if (!existsSync(WS)) skip('no web/node_modules (web/build.sh)');

const files = await Promise.all(['clients', 'browser', 'proxies'].map((name) => import(`./${name}_test.mjs`)));
describe('the streams, with clients of others', { timeout: 220_000 }, () => {
  for (const file of files) file.cases();
  after(endWorld);
});
