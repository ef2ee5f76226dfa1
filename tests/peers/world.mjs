// What every file of cases needs: the simulated venues, one for all, and servers that take their prices from them.
import { eventually, freePort, Server, startSimulator } from '../e2e/program.mjs';

const live = new Set();
let simulator;

/** Ends every process that was started here. */
export async function endWorld() {
  await Promise.all([...live].map((server) => server.end()));
  await (await simulator)?.program.stop();
}

/** `tickspan serve` on a free port, once it has a price. */
export async function startServer(...settings) {
  simulator ??= startSimulator();
  const { configuration } = await simulator;
  const args = ['--log-level', 'error', ...settings.flatMap((setting) => ['--set', setting])];
  const server = new Server({ port: await freePort(), configuration, args });
  live.add(server);
  await server.start();
  await priced(server);
  return server;
}

/** The market is there, and the venues' trades flow. */
export async function priced(server) {
  await eventually('a price', async () => (await (await fetch(`${server.base}price/bitcoin`)).json()).state === 'live');
}

/** Ends the test's wait for `promise` in words instead of hanging. */
export function within(milliseconds, what, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${milliseconds} ms for: ${what}`)), milliseconds);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
