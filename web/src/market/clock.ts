/**
 * The server's time, estimated from the answers. An answer is always a little old when it arrives, so among the last
 * samples the one that puts the server furthest ahead is nearest the truth (it travelled fastest).
 */
export class ServerClock {
  private samples: number[] = [];
  private readonly localNow: () => number;
  private readonly capacity: number;

  constructor(localNow: () => number = Date.now, capacity = 12) {
    this.localNow = localNow;
    this.capacity = capacity;
  }

  observe(serverTime: string): void {
    const server = Date.parse(serverTime);
    if (!Number.isFinite(server)) return;
    const offset = server - this.localNow();
    // The local clock was set, or the computer slept: older samples say nothing any more.
    const last = this.samples.at(-1);
    if (last !== undefined && offset - last > 60_000) this.samples = [];
    this.samples.push(offset);
    if (this.samples.length > this.capacity) this.samples.shift();
  }

  /** Milliseconds to add to the local clock. */
  get offset(): number {
    return this.samples.length === 0 ? 0 : Math.max(...this.samples);
  }

  now(): number {
    return this.localNow() + this.offset;
  }

  /** Age in milliseconds of something the server stamped; never negative. */
  age(asOf: string): number {
    return Math.max(0, this.now() - Date.parse(asOf));
  }
}

export const serverClock = new ServerClock();
