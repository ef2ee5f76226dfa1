import type { Ticker } from '../api/types';

/** A row as shown: the ticker, and how its price last moved. */
export interface Row {
  readonly ticker: Ticker;
  readonly moved: 'up' | 'down' | 'none';
  /** Grows with each move of the price, so that the same direction twice still flashes twice. */
  readonly moves: number;
}

export interface StoreOptions {
  /** Runs the function before the next paint; once per batch. */
  schedule?: (flush: () => void) => void;
  now?: () => number;
  /** The list is given out anew at most this often: rows must not jump about while somebody reads. */
  listIntervalMs?: number;
}

const EMPTY: readonly Ticker[] = [];

/**
 * All rows of one currency, outside React. Messages only put the newest ticker per coin aside; one animation frame then
 * takes them over and tells the listeners of the rows that changed, however many messages came.
 */
export class MarketStore {
  private rows = new Map<string, Row>();
  private readonly pending = new Map<string, Ticker>();
  private readonly rowListeners = new Map<string, Set<() => void>>();
  private readonly listListeners = new Set<() => void>();
  private list: readonly Ticker[] = EMPTY;
  private listAt = 0;
  private listTimer: ReturnType<typeof setTimeout> | undefined;
  private scheduled = false;
  private readonly schedule: (flush: () => void) => void;
  private readonly now: () => number;
  private readonly listIntervalMs: number;

  constructor(options: StoreOptions = {}) {
    this.schedule = options.schedule ?? ((flush) => requestAnimationFrame(flush));
    this.now = options.now ?? Date.now;
    this.listIntervalMs = options.listIntervalMs ?? 1000;
  }

  getRow = (id: string): Row | undefined => this.rows.get(id);
  getList = (): readonly Ticker[] => this.list;

  subscribeRow(id: string, listener: () => void): () => void {
    let set = this.rowListeners.get(id);
    if (!set) this.rowListeners.set(id, (set = new Set()));
    set.add(listener);
    return () => {
      set.delete(listener);
      if (set.size === 0 && this.rowListeners.get(id) === set) this.rowListeners.delete(id);
    };
  }

  subscribeList = (listener: () => void): (() => void) => {
    this.listListeners.add(listener);
    return () => this.listListeners.delete(listener);
  };

  /** Forgets everything: another currency, another market. */
  clear(): void {
    this.pending.clear();
    this.replaceRows(new Map());
  }

  /** The whole present state. Rows that are not in it are gone. */
  snapshot(tickers: readonly Ticker[]): void {
    this.pending.clear();
    const rows = new Map<string, Row>();
    for (const ticker of tickers) rows.set(ticker.id, this.moved(this.rows.get(ticker.id), ticker));
    this.replaceRows(rows);
  }

  /** One coin's newest ticker; shown with the next frame. */
  update(ticker: Ticker): void {
    this.pending.set(ticker.id, ticker);
    if (this.scheduled) return;
    this.scheduled = true;
    this.schedule(() => {
      this.scheduled = false;
      this.flush();
    });
  }

  /** Rows of a plain answer: they fill in what the stream has not told yet, and never replace something newer. */
  fill(tickers: readonly Ticker[]): void {
    let added = false;
    for (const ticker of tickers) {
      const known = this.rows.get(ticker.id);
      if (known && (known.ticker.as_of ?? '') >= (ticker.as_of ?? '')) continue;
      this.rows.set(ticker.id, this.moved(known, ticker));
      added = true;
      this.notifyRow(ticker.id);
    }
    if (added) this.publishList();
  }

  private flush(): void {
    if (this.pending.size === 0) return;
    let isNew = false;
    for (const [id, ticker] of this.pending) {
      const known = this.rows.get(id);
      isNew ||= !known;
      this.rows.set(id, this.moved(known, ticker));
    }
    const changed = [...this.pending.keys()];
    this.pending.clear();
    for (const id of changed) this.notifyRow(id);
    if (isNew) this.publishList();
    else this.publishListSoon();
  }

  private moved(known: Row | undefined, ticker: Ticker): Row {
    const before = known?.ticker.price;
    if (before == null || ticker.price == null || ticker.price === before) {
      return { ticker, moved: known?.moved ?? 'none', moves: known?.moves ?? 0 };
    }
    return { ticker, moved: ticker.price > before ? 'up' : 'down', moves: (known?.moves ?? 0) + 1 };
  }

  private replaceRows(rows: Map<string, Row>): void {
    const touched = new Set([...this.rows.keys(), ...rows.keys()]);
    this.rows = rows;
    for (const id of touched) this.notifyRow(id);
    this.publishList();
  }

  private notifyRow(id: string): void {
    for (const listener of this.rowListeners.get(id) ?? []) listener();
  }

  private publishListSoon(): void {
    if (this.listTimer !== undefined) return;
    const wait = Math.max(0, this.listAt + this.listIntervalMs - this.now());
    this.listTimer = setTimeout(() => this.publishList(), wait);
  }

  private publishList(): void {
    clearTimeout(this.listTimer);
    this.listTimer = undefined;
    this.listAt = this.now();
    this.list = this.rows.size === 0 ? EMPTY : [...this.rows.values()].map((row) => row.ticker);
    for (const listener of this.listListeners) listener();
  }
}
