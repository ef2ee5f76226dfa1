// nginx and HAProxy in the foreground, each with a configuration of its own in a directory of its own.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, freePort, Program } from '../e2e/program.mjs';

export const has = (program) => spawnSync(program, ['-v']).status === 0;

const nginxServer = (listen, target, idle) => `
  server {
    listen 127.0.0.1:${listen};
    location / {
      proxy_pass ${target};
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_read_timeout ${idle}s;
    }
  }`;

// Nothing of the system's own nginx is touched: no user, pid, log or temporary directory of it.
const nginxConfiguration = (directory, fronts) => `
daemon off;
master_process off;
pid ${directory}/nginx.pid;
error_log stderr warn;
events { worker_connections 256; }
http {
  access_log off;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${directory}/${kind};`).join('\n  ')}
  map $http_upgrade $connection_upgrade { default upgrade; '' close; }
  ${fronts.map(({ port, target, idle }) => nginxServer(port, target, idle)).join('\n')}
}
`;

const haproxyFront = ({ port, target, idle }, name) => `
frontend front_${name}
  bind 127.0.0.1:${port}
  timeout client ${idle}s
  default_backend back_${name}
backend back_${name}
  timeout server ${idle}s
  timeout tunnel ${idle}s
  server tickspan ${new URL(target).host}
`;

const haproxyConfiguration = (directory, fronts) => `
global
  maxconn 256
defaults
  mode http
  timeout connect 5s
  option forwardfor
${fronts.map(haproxyFront).join('')}`;

const KINDS = {
  nginx: { configuration: nginxConfiguration, command: (directory, file) => ['nginx', ['-e', 'stderr', '-p', directory, '-c', file]] },
  haproxy: { configuration: haproxyConfiguration, command: (directory, file) => ['haproxy', ['-db', '-f', file]] },
};

function listening(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => socket.end(() => resolve(true)));
    socket.once('error', () => resolve(false));
  });
}

/** `fronts`: by name, which server is behind it and after how many idle seconds it cuts. `base` by the same names. */
export async function startProxy(kind, fronts) {
  const directory = mkdtempSync(join(tmpdir(), `tickspan-${kind}-`));
  const list = [];
  const base = {};
  for (const [name, { server, idle }] of Object.entries(fronts)) {
    const port = await freePort();
    list.push({ port, target: server.base.replace(/\/$/, ''), idle });
    base[name] = `http://127.0.0.1:${port}/`;
  }
  const file = join(directory, `${kind}.conf`);
  writeFileSync(file, KINDS[kind].configuration(directory, list));
  const program = new Program(...KINDS[kind].command(directory, file));
  await eventually(`${kind} to listen`, async () => {
    if (program.child.exitCode !== null) throw new Error(`it ended with ${program.child.exitCode}`);
    return (await Promise.all(list.map(({ port }) => listening(port)))).every(Boolean);
  }, { timeoutMs: 10_000 }).catch((error) => {
    throw new Error(`${error.message}\n${program.output}`);
  });
  return {
    base,
    stop: async () => {
      await program.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
