// A WebSocket server as one writes it with the npm package `ws`: every message to every client.
//   node server.mjs PORT RATE [PAYLOAD] [--deflate]
import { WebSocketServer } from 'ws';

const [port, rate, payload] = [process.argv[2], process.argv[3], process.argv[4] ?? '120'].map(Number);
const deflate = process.argv.includes('--deflate');
const server = new WebSocketServer({
  host: '127.0.0.1',
  port,
  backlog: 4096,
  perMessageDeflate: deflate ? { serverNoContextTakeover: true, clientNoContextTakeover: true, threshold: 0 } : false,
});

// The monotonic clock, which the load program reads as well.
const start = process.hrtime.bigint();
let seq = 0;

function message(now) {
  const head = `{"channel":"bench:0","type":"update","seq":${seq},"epoch":"peer","data":{"ts_ns":${now},"pad":"`;
  return Buffer.from(head + '.'.repeat(Math.max(0, payload - head.length - 3)) + '"}}');
}

function turn() {
  const now = process.hrtime.bigint();
  const due = Math.floor((Number(now - start) * rate) / 1e9);
  while (seq < due) {
    seq += 1;
    const bytes = message(now);
    for (const client of server.clients) client.send(bytes, { binary: false });
  }
}

server.on('connection', (socket) => socket.on('error', () => socket.terminate()));
server.on('listening', () => console.log(JSON.stringify({ ready: true, pid: process.pid, port })));
const timer = rate > 0 ? setInterval(turn, 1) : undefined;
process.on('SIGTERM', () => {
  clearInterval(timer);
  console.log(JSON.stringify({ published: seq }));
  process.exit(0);
});
