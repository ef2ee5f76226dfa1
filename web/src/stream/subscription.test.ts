import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { begin, client, connected, newest, recorder, settle, snapshot, update } from './fixture';

beforeEach(begin);
afterEach(() => {
  vi.useRealTimers();
});

describe('subscriptions', () => {
  it('are asked for after the hello, together, with the wished rate', async () => {
    const stream = client({ maxRateMs: 250 });
    stream.subscribe('ticker:*', {});
    stream.subscribe('price:btc/usd', {});
    stream.connect();
    expect(newest().sent).toEqual([]);
    newest().greet();
    await settle();
    expect(newest().sent).toEqual([{ id: 1, method: 'subscribe', params: { channels: ['ticker:*', 'price:btc/usd'], max_rate_ms: 250 } }]);
  });

  it('deliver the pushes of a wildcard under their own names, and of its quote only', async () => {
    const { log } = await connected('ticker:*/eur');
    newest().tell(snapshot('ticker:*/eur', 4));
    newest().tell(update('ticker:btc/eur', 5));
    newest().tell(update('ticker:btc/usd', 6));
    newest().tell(update('price:btc/eur', 7));
    expect(log).toEqual(['subscribed false', 'snapshot ticker:*/eur 4', 'update ticker:btc/eur 5']);
  });

  it('follow the canonical name that the server gives', async () => {
    const stream = client();
    const { log, handlers } = recorder();
    stream.subscribe('price:bitcoin/usd', handlers);
    stream.connect();
    newest().greet();
    newest().accept({ 'price:bitcoin/usd': 'price:btc/usd' });
    newest().tell(update('price:btc/usd', 1));
    expect(log).toEqual(['subscribed false', 'update price:btc/usd 1']);
  });

  it('fail one by one, and are not asked for again', async () => {
    const stream = client();
    const good = recorder();
    const bad = recorder();
    stream.subscribe('price:btc/usd', good.handlers);
    stream.subscribe('price:nope/usd', bad.handlers);
    stream.connect();
    newest().greet();
    newest().tell({ id: 1, results: [
      { channel: 'price:btc/usd', result: { channel: 'price:btc/usd', recovered: false } },
      { channel: 'price:nope/usd', error: { code: 'unknown_asset', message: 'no' } },
    ] });
    expect(good.log).toEqual(['subscribed false']);
    expect(bad.log).toEqual(['error unknown_asset']);
    newest().drop();
    await vi.advanceTimersByTimeAsync(1000);
    newest().greet();
    expect(newest().sent[0]?.params.channels).toEqual(['price:btc/usd']);
  });

  it('are asked for in messages that the server takes', async () => {
    const stream = client();
    const channels = Array.from({ length: 250 }, (_, n) => `price:c${n}/usd`);
    for (const channel of channels) stream.subscribe(channel, {});
    stream.connect();
    newest().greet();
    expect(newest().sent.map(({ params }) => params.channels.length)).toEqual([100, 100, 50]);
    expect(newest().sent.flatMap(({ params }) => params.channels)).toEqual(channels);
  });

  it('keep to a smaller bound of the server, and to its pace', async () => {
    const stream = client();
    for (let n = 0; n < 7; ++n) stream.subscribe(`price:c${n}/usd`, {});
    stream.connect();
    newest().greet('s1', { subscriptions: 2, messages_per_second: 2 });
    expect(newest().sent).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(499);
    expect(newest().sent).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(1);
    expect(newest().sent).toHaveLength(3);
    await vi.advanceTimersByTimeAsync(500);
    expect(newest().sent.flatMap(({ params }) => params.channels)).toHaveLength(7);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(newest().sent).toHaveLength(4);
  });

  it('may each have a rate of their own, within what the server takes', async () => {
    const stream = client({ maxRateMs: 100 });
    stream.subscribe('price:a/usd', {});
    stream.subscribe('price:b/usd', {}, { maxRateMs: 1e9 });
    stream.subscribe('price:c/usd', {}, { maxRateMs: 99.6 });
    stream.subscribe('price:d/usd', {}, { maxRateMs: 0 });
    stream.connect();
    newest().greet();
    expect(newest().sent.map(({ params }) => params)).toEqual([
      { channels: ['price:a/usd', 'price:c/usd'], max_rate_ms: 100 },
      { channels: ['price:b/usd'], max_rate_ms: 60_000 },
      { channels: ['price:d/usd'] },
    ]);
  });

  it('share the quickest rate of their listeners, and a newcomer gets a snapshot', async () => {
    const { stream, log } = await connected('price:btc/usd', { maxRateMs: 1000 });
    newest().tell(snapshot('price:btc/usd', 5));
    const second = recorder();
    stream.subscribe('price:btc/usd', second.handlers, { maxRateMs: 200 });
    stream.subscribe('price:btc/usd', {}, { maxRateMs: 500 });
    await settle();
    expect(newest().sent.slice(1)).toMatchObject([{ method: 'subscribe', params: { channels: ['price:btc/usd'], max_rate_ms: 200 } }]);
    newest().accept();
    newest().tell(snapshot('price:btc/usd', 5));
    expect(second.log).toEqual(['subscribed false', 'snapshot price:btc/usd 5']);
    expect(log.at(-1)).toBe('snapshot price:btc/usd 5');
  });

  it('wait while the server has no market yet', async () => {
    const stream = client();
    const { log, handlers } = recorder();
    stream.subscribe('price:btc/usd', handlers);
    const leave = stream.subscribe('price:eth/usd', {});
    stream.connect();
    newest().greet();
    leave();
    newest().tell({ id: 1, error: { code: 'starting', message: 'no market yet; try again in a second' } });
    expect(log).toEqual([]);
    await vi.advanceTimersByTimeAsync(1000);
    expect(newest().sent.at(-1)).toMatchObject({ method: 'subscribe', params: { channels: ['price:btc/usd'] } });
    newest().accept();
    expect(log).toEqual(['subscribed false']);
  });

  it('are refused together where the request is, aloud', async () => {
    const stream = client();
    const { log, handlers } = recorder();
    const errors: string[] = [];
    stream.on('protocolError', (detail) => errors.push(detail));
    stream.subscribe('price:btc/usd', handlers);
    stream.connect();
    newest().greet();
    newest().tell({ id: 1, error: { code: 'bad_request', message: 'no' } });
    expect(log).toEqual(['error bad_request']);
    expect(errors).toEqual(['bad_request: no']);
    stream.subscribe('price:btc/usd', handlers); // whoever asks anew is heard
    await settle();
    expect(newest().sent).toHaveLength(2);
  });

  it('added and removed while there is no connection hold when there is one', async () => {
    const { stream, leave } = await connected('price:btc/usd');
    newest().drop();
    leave();
    stream.subscribe('price:eth/usd', {});
    stream.subscribe('price:xrp/usd', {})();
    await vi.advanceTimersByTimeAsync(500);
    newest().greet();
    await settle();
    expect(newest().sent).toMatchObject([{ method: 'subscribe', params: { channels: ['price:eth/usd'] } }]);
  });

  it('under two names of one channel are one to the server', async () => {
    const { stream, log, leave } = await connected('price:btc/usd');
    const other = recorder();
    const leaveOther = stream.subscribe('price:bitcoin/usd', other.handlers);
    await settle();
    newest().accept({ 'price:bitcoin/usd': 'price:btc/usd' });
    leaveOther();
    await settle();
    expect(newest().sent.map(({ method }) => method)).toEqual(['subscribe', 'subscribe']);
    newest().tell(update('price:btc/usd', 1));
    expect(log.at(-1)).toBe('update price:btc/usd 1');
    expect(other.log).toEqual(['subscribed false']);
    leave();
    await settle();
    expect(newest().sent.at(-1)).toMatchObject({ method: 'unsubscribe', params: { channels: ['price:btc/usd'] } });
  });

  it('taken back and asked for again at once are asked for once', async () => {
    const { stream, leave } = await connected('price:btc/usd');
    leave();
    stream.subscribe('price:btc/usd', {});
    await settle();
    expect(newest().sent.slice(1)).toMatchObject([{ method: 'subscribe', params: { channels: ['price:btc/usd'] } }]);
  });

  it('hear each of their listeners out, whatever one throws', async () => {
    const reported: unknown[] = [];
    vi.stubGlobal('reportError', (error: unknown) => reported.push(error));
    const { stream, log } = await connected('price:btc/usd');
    stream.subscribe('price:*', {
      update: () => {
        throw new Error('mine');
      },
    });
    const later = recorder();
    stream.subscribe('ticker:*', later.handlers);
    await settle();
    newest().accept();
    newest().tell(update('price:btc/usd', 1));
    newest().tell(update('ticker:btc/usd', 1));
    expect(log.at(-1)).toBe('update price:btc/usd 1');
    expect(later.log.at(-1)).toBe('update ticker:btc/usd 1');
    expect(reported).toEqual([new Error('mine')]);
    vi.unstubAllGlobals();
  });

  it('end with their last listener', async () => {
    const { stream, leave } = await connected('price:btc/usd');
    const second = stream.subscribe('price:btc/usd', {});
    await settle();
    leave();
    await settle();
    expect(newest().sent.at(-1)?.method).toBe('subscribe');
    second();
    await settle();
    expect(newest().sent.at(-1)).toMatchObject({ method: 'unsubscribe', params: { channels: ['price:btc/usd'] } });
  });
});

describe('order of messages', () => {
  it('drops what was seen already', async () => {
    const { log } = await connected('price:btc/usd');
    for (const seq of [5, 5, 4, 9]) newest().tell(update('price:btc/usd', seq));
    expect(log).toEqual(['subscribed false', 'update price:btc/usd 5', 'update price:btc/usd 9']);
  });

  it('notices a hole in a lossless channel and asks for a snapshot', async () => {
    const { log } = await connected('trades:kraken:btc/usd');
    newest().tell(update('trades:kraken:btc/usd', 1));
    newest().tell(update('trades:kraken:btc/usd', 3));
    newest().tell(update('trades:kraken:btc/usd', 4));
    expect(log).toEqual(['subscribed false', 'update trades:kraken:btc/usd 1', 'gap trades:kraken:btc/usd']);
    await settle();
    expect(newest().sent.slice(1)).toMatchObject([{ method: 'subscribe', params: { channels: ['trades:kraken:btc/usd'] } }]);
    expect(newest().sent.at(-1)?.params.since).toBeUndefined();
    newest().tell(update('trades:kraken:btc/usd', 5)); // sent before the server read the request
    newest().accept();
    newest().tell(snapshot('trades:kraken:btc/usd', 4));
    newest().tell(update('trades:kraken:btc/usd', 5));
    expect(log.slice(-2)).toEqual(['snapshot trades:kraken:btc/usd 4', 'update trades:kraken:btc/usd 5']);
  });

  it('holds updates back between a gap and its snapshot', async () => {
    const { log } = await connected('trades:kraken:btc/usd');
    newest().tell({ channel: 'trades:kraken:btc/usd', type: 'gap', data: {} });
    newest().tell(update('trades:kraken:btc/usd', 8));
    newest().tell(snapshot('trades:kraken:btc/usd', 8));
    newest().tell(update('trades:kraken:btc/usd', 9));
    expect(log.slice(1)).toEqual(['gap trades:kraken:btc/usd', 'snapshot trades:kraken:btc/usd 8', 'update trades:kraken:btc/usd 9']);
  });

  it('takes the snapshot of one channel for one value of a wildcard', async () => {
    const { stream, log } = await connected('ticker:*');
    newest().tell(snapshot('ticker:*', 4));
    newest().tell(update('ticker:eth/usd', 5));
    stream.subscribe('ticker:btc/usd', {});
    await settle();
    newest().accept();
    newest().tell(snapshot('ticker:btc/usd', 6));
    newest().tell(snapshot('ticker:new/usd', 6, 'e1', null)); // no price yet
    newest().tell({ channel: 'ticker:btc/usd', type: 'status', data: { origin: 'real' } });
    newest().tell(update('ticker:eth/usd', 5));
    expect(log.slice(1)).toEqual(['snapshot ticker:* 4', 'update ticker:eth/usd 5', 'update ticker:btc/usd 6']);
  });

  it('says so where a lossless channel could not be resumed', async () => {
    const { log } = await connected('candles:btc/usd:1m');
    newest().tell(update('candles:btc/usd:1m', 17));
    newest().drop();
    await vi.advanceTimersByTimeAsync(500);
    newest().greet('s2');
    newest().accept({}, false);
    newest().tell(snapshot('candles:btc/usd:1m', 3, 'e2'));
    newest().tell(update('candles:btc/usd:1m', 4, 'e2'));
    expect(log.slice(2)).toEqual(['gap candles:btc/usd:1m', 'subscribed false', 'snapshot candles:btc/usd:1m 3', 'update candles:btc/usd:1m 4']);
  });

  it('resumes behind a gap whose snapshot never came', async () => {
    const { log } = await connected('trades:kraken:btc/usd');
    newest().tell(update('trades:kraken:btc/usd', 6));
    newest().tell({ channel: 'trades:kraken:btc/usd', type: 'gap', seq: 8, epoch: 'e1', data: null });
    newest().drop(4008, 'slow');
    await vi.advanceTimersByTimeAsync(500);
    newest().greet('s2');
    expect(newest().sent[0]?.params.since).toEqual({ 'trades:kraken:btc/usd': { epoch: 'e1', seq: 6 } });
    newest().accept({}, true);
    newest().tell(update('trades:kraken:btc/usd', 7));
    expect(log.slice(-2)).toEqual(['subscribed true', 'update trades:kraken:btc/usd 7']);
  });

  it('ends a channel that the market now served does not have', async () => {
    const { log } = await connected('price:btc/usd');
    newest().tell({ channel: 'price:btc/usd', type: 'status', seq: 1, epoch: 'new', data: { origin: 'real', error: { code: 'unknown_asset', message: 'no' } } });
    newest().drop();
    await vi.advanceTimersByTimeAsync(500);
    newest().greet('s2');
    expect(newest().sent).toEqual([]);
    expect(log.at(-1)).toBe('error unknown_asset');
  });

  it('takes another epoch for a loss, and a status with a snapshot for its announcement', async () => {
    const { log } = await connected('price:btc/usd');
    newest().tell(update('price:btc/usd', 100, 'old'));
    newest().tell({ channel: 'price:btc/usd', type: 'status', data: { origin: 'real' } });
    newest().tell(snapshot('price:btc/usd', 1, 'new'));
    newest().tell(update('price:btc/usd', 2, 'new'));
    expect(log.slice(2)).toEqual(['status {"origin":"real"}', 'snapshot price:btc/usd 1', 'update price:btc/usd 2']);
    newest().tell(update('price:btc/usd', 3, 'newer'));
    expect(log.at(-1)).toBe('gap price:btc/usd');
  });
});
