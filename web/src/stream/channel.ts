export type ChannelKind = 'price' | 'ticker' | 'trades' | 'candles';

/** `trades` and `candles` lose nothing: their `seq` grows by one. The others keep only the newest value. */
export function isLossless(channel: string): boolean {
  return !channel.startsWith('price:') && !channel.startsWith('ticker:');
}

export function isWildcard(channel: string): boolean {
  return /^(price|ticker):\*/.test(channel);
}

/** `ticker:*` stands for all assets in USD, `ticker:*` followed by a slash and a quote for all in that quote. */
function wildcardQuote(channel: string): string {
  const slash = channel.indexOf('/');
  return (slash < 0 ? 'usd' : channel.slice(slash + 1)).toLowerCase();
}

/** Whether a push on `concrete` belongs to the subscription `asked`. */
export function channelMatches(asked: string, concrete: string): boolean {
  const left = asked.toLowerCase();
  const right = concrete.toLowerCase();
  if (left === right) return true;
  if (!isWildcard(left)) return false;
  const kind = left.slice(0, left.indexOf(':') + 1);
  if (!right.startsWith(kind)) return false;
  return wildcardQuote(left) === wildcardQuote(right);
}
