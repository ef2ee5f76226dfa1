import type { Origin, Sources, Status, TopCoin, TopCoinsMessage } from '../api/types';
import { direction, formatAge, formatClock, formatPercent, formatPrice } from '../format';
import { ServerClock } from '../market/clock';
import { fullJitter } from '../stream/backoff';
import './cryptos.css';

// A page of its own, without the dashboard's libraries: ten rows over the plain price socket.

const INTERVAL_S = 5;
/** Three intervals without a message: the socket is taken for dead. */
const SILENCE_MS = INTERVAL_S * 3 * 1000;
const MOVES = {
  up: { mark: '▲', word: 'up' },
  down: { mark: '▼', word: 'down' },
  flat: { mark: '■', word: 'unchanged' },
} as const;

const clock = new ServerClock();
const before = new Map<string, number>();
let coins: readonly TopCoin[] = [];
let moves = new Map<string, keyof typeof MOVES>();
let status: Status | null = null;
let attempt = 0;
let retryAt = 0;
let watchdog: ReturnType<typeof setTimeout> | undefined;

function byId(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (!element) throw new Error(`no element ${id}`);
  return element;
}

function cell(className: string, text: string): HTMLTableCellElement {
  const element = document.createElement('td');
  element.className = className;
  element.textContent = text;
  return element;
}

function moveCell(move: keyof typeof MOVES): HTMLTableCellElement {
  const element = cell(`move ${move}`, `${MOVES[move].mark} `);
  const word = document.createElement('span');
  word.className = 'word';
  word.textContent = MOVES[move].word;
  element.append(word);
  return element;
}

function row(coin: TopCoin): HTMLTableRowElement {
  const element = document.createElement('tr');
  const move = moves.get(coin.coin_id) ?? 'flat';
  element.dataset['coin'] = coin.coin_id;
  element.className = `state-${coin.state}`;
  const name = cell('coin', coin.name);
  const symbol = document.createElement('span');
  symbol.className = 'symbol';
  symbol.textContent = coin.symbol.toUpperCase();
  name.append(' ', symbol);
  const age = cell('number age', '');
  age.dataset['asOf'] = coin.as_of ?? '';
  element.append(
    cell('rank', String(coin.rank ?? '–')),
    name,
    cell('number price', formatPrice(coin.price, 'usd')),
    cell(`number ${direction(coin.change_24h_percent)}`, formatPercent(coin.change_24h_percent)),
    moveCell(move),
    age,
  );
  if (coin.state === 'stale' || coin.state === 'down') {
    const state = document.createElement('span');
    state.className = 'state';
    state.textContent = coin.state;
    name.append(' ', state);
  }
  return element;
}

function showAges(): void {
  for (const element of document.querySelectorAll<HTMLElement>('[data-as-of]')) {
    const asOf = element.dataset['asOf'];
    element.textContent = asOf ? formatAge(clock.age(asOf)) : '–';
  }
  if (retryAt > 0) {
    const seconds = Math.ceil((retryAt - Date.now()) / 1000);
    showTrouble(`Disconnected: the prices below are old. ${seconds > 0 ? `Next attempt in ${seconds} s.` : 'Trying now.'}`);
  }
}

function showTrouble(text: string): void {
  const element = byId('trouble');
  element.hidden = text === '';
  if (element.textContent !== text) element.textContent = text;
  document.body.classList.toggle('offline', text !== '');
}

function showOrigin(): void {
  const origins = new Set<Origin | undefined>([status?.origin, ...coins.map((coin) => coin.origin)]);
  const origin = origins.has('simulated') ? 'simulated' : origins.has('replay') ? 'replay' : 'real';
  const element = byId('origin');
  element.hidden = origin === 'real';
  const fallback = origin === 'replay' ? 'Recorded market data is being replayed.' : 'No real venue is reached. Every price here is made up by a simulation.';
  const title = origin === 'replay' ? 'Replay' : 'Simulated market';
  const text = `${title}: ${status?.notice || fallback}`;
  if (element.textContent !== text) element.textContent = text;
}

function receive(message: TopCoinsMessage): void {
  clock.observe(message.time);
  coins = message.coins;
  moves = new Map();
  for (const { coin_id: id, price } of coins) {
    if (price == null) continue;
    const known = before.get(id);
    moves.set(id, known === undefined || known === price ? 'flat' : price > known ? 'up' : 'down');
    before.set(id, price);
  }
  byId('rows').replaceChildren(...coins.map(row));
  byId('updated').textContent = `Last updated: ${formatClock(message.time)}`;
  showOrigin();
  showAges();
}

function connect(): void {
  retryAt = 0;
  const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
  const socket = new WebSocket(`${scheme}://${location.host}/ws/prices?currency=usd&limit=10&interval=${INTERVAL_S}`);
  let over = false;
  const retry = () => {
    if (over) return;
    over = true;
    clearTimeout(watchdog);
    socket.close();
    const delay = fullJitter(attempt, { baseMs: 1000, maxMs: 15_000, random: Math.random });
    attempt += 1;
    retryAt = Date.now() + delay;
    setTimeout(connect, delay);
    showAges();
  };
  const watch = () => {
    clearTimeout(watchdog);
    watchdog = setTimeout(retry, SILENCE_MS);
  };
  watch();
  socket.onclose = retry;
  socket.onmessage = (event) => {
    const message = JSON.parse(String(event.data)) as TopCoinsMessage;
    if (over || message.type !== 'prices') return;
    watch();
    attempt = 0;
    showTrouble('');
    receive(message);
  };
}

async function load<T>(path: string): Promise<T | null> {
  try {
    const response = await fetch(path);
    return response.ok ? ((await response.json()) as T) : null;
  } catch {
    return null; // the socket's own state says that nobody answers
  }
}

async function loadStatus(): Promise<void> {
  status = (await load<Status>('/api/v1/status')) ?? status;
  showOrigin();
}

async function loadCredits(): Promise<void> {
  const sources = (await load<Sources>('/api/v1/sources'))?.data ?? [];
  const links = sources.flatMap(({ attribution, attribution_url: url }) => {
    if (!attribution) return [];
    const link = document.createElement('a');
    link.textContent = attribution;
    if (/^https?:\/\//.test(url)) link.href = url;
    link.rel = 'noopener noreferrer';
    return [link, document.createTextNode(' ')];
  });
  byId('credits').replaceChildren(...links);
}

connect();
void loadStatus();
void loadCredits();
setInterval(() => void loadStatus(), 30_000);
setInterval(showAges, 1000);
