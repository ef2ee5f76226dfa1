import { describe, expect, it } from 'vitest';
import { ServerClock } from './clock';

describe('server clock', () => {
  it('believes the answer that travelled fastest', () => {
    let local = 1_000_000;
    const clock = new ServerClock(() => local);
    const server = (behindMs: number) => new Date(local + 5000 - behindMs).toISOString();
    clock.observe(server(400));
    clock.observe(server(20));
    clock.observe(server(900));
    expect(clock.offset).toBe(4980);
    local += 1000;
    expect(clock.age(new Date(local + 4980 - 3000).toISOString())).toBe(3000);
  });

  it('has no negative ages and ignores nonsense', () => {
    const clock = new ServerClock(() => 0);
    clock.observe('yesterday');
    expect(clock.offset).toBe(0);
    expect(clock.age(new Date(5000).toISOString())).toBe(0);
  });

  it('forgets old samples, and all of them when the local clock was set', () => {
    let local = 10_000_000;
    const clock = new ServerClock(() => local, 3);
    const observe = (offset: number) => clock.observe(new Date(local + offset).toISOString());
    for (const offset of [900, 10, 20, 30]) observe(offset);
    expect(clock.offset).toBe(30);
    local -= 3_600_000;
    observe(3_600_000);
    expect(clock.offset).toBe(3_600_000);
  });
});
