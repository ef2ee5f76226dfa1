// Starts and ends the program under test, always by its own process.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MOCK = fileURLToPath(new URL('../../web/dev/mock-server.mjs', import.meta.url));
export const usesMock = process.env.TICKSPAN_E2E_MOCK === '1';

/** A port that was free a moment ago: the program is started again on the same one. */
export async function freePort() {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** Polls until `check` gives something; the last failure says why it never did. */
export async function eventually(what, check, { timeoutMs = 40_000, everyMs = 50 } = {}) {
  const deadline = Date.now() + timeoutMs;
  let failure = 'it stayed false';
  for (;;) {
    try {
      const value = await check();
      if (value) return value;
    } catch (error) {
      failure = error.message;
    }
    if (Date.now() > deadline) throw new Error(`waited ${timeoutMs} ms for: ${what} (${failure})`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

/** A process whose output is kept, to be shown when a test fails. */
export class Program {
  constructor(command, args) {
    this.output = ''; // both streams
    this.printed = ''; // stdout alone
    this.child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.child.on('error', (error) => (this.output += `${error.message}\n`));
    this.ended = new Promise((resolve) => {
      this.child.once('exit', resolve);
      this.child.once('error', resolve);
    });
    this.child.stdout.on('data', (chunk) => (this.printed += chunk));
    for (const stream of [this.child.stdout, this.child.stderr]) stream.on('data', (chunk) => (this.output += chunk));
  }

  /** SIGKILL is a crash; SIGTERM an orderly end. */
  async stop(signal = 'SIGTERM') {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill(signal);
    const patience = setTimeout(() => this.child.kill('SIGKILL'), 15_000);
    await this.ended;
    clearTimeout(patience);
  }
}

async function ready(program, base) {
  const ended = () => program.child.exitCode !== null;
  await eventually(`${base}readyz`, async () => ended() || (await fetch(`${base}readyz`)).ok).catch((error) => {
    throw new Error(`${error.message}\n${program.output}`);
  });
  if (ended()) throw new Error(`it ended with ${program.child.exitCode}:\n${program.output}`);
}

/** The server on one port and one data directory: start, crash, start again. */
export class Server {
  constructor({ port, configuration, args = [] }) {
    this.port = port;
    this.args = args;
    this.base = `http://127.0.0.1:${port}/`;
    this.directory = mkdtempSync(join(tmpdir(), 'tickspan-e2e-'));
    this.configuration = join(this.directory, 'tickspan.toml');
    writeFileSync(this.configuration, configuration);
  }

  async start() {
    const listen = ['--listen', `127.0.0.1:${this.port}`];
    this.program = usesMock
      ? new Program(process.execPath, [MOCK, ...listen])
      : new Program(process.env.TICKSPAN_BINARY, ['serve', '--config', this.configuration, ...listen, '--data', join(this.directory, 'data'), ...this.args]);
    await ready(this.program, this.base);
  }

  async crash() {
    await this.program.stop('SIGKILL');
  }

  async end() {
    await this.program?.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** Sources whose hosts refuse: port 9 of this machine, where nobody listens. */
export const UNREACHABLE = ['binance', 'coinbase', 'kraken', 'okx', 'bybit', 'bitstamp', 'coingecko']
  .map((name) => `[[sources]]\nname = "${name}"\n${name === 'coingecko' ? '' : 'ws_url = "ws://127.0.0.1:9"\n'}rest_url = "http://127.0.0.1:9"\n`)
  .join('');

/** `tickspan simulate`: gives the process and the configuration it prints for `tickspan serve`. */
export async function startSimulator() {
  const program = new Program(process.env.TICKSPAN_BINARY, ['simulate', '--listen', '127.0.0.1:0']);
  const configuration = await eventually('the simulator to say where it listens', () => {
    if (program.child.exitCode !== null) throw new Error(program.output);
    return /^# Listening on .*\n/m.test(program.printed) && program.printed;
  });
  return { program, configuration };
}
