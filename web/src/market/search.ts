interface Named {
  id: string;
  symbol: string;
  name: string;
}

/** Coins whose name, symbol or id contains the text; every word of it must be found. */
export function searchCoins<T extends Named>(coins: readonly T[], text: string): readonly T[] {
  const words = text.trim().toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return coins;
  return coins.filter(({ id, symbol, name }) => {
    const haystack = `${name} ${symbol} ${id}`.toLowerCase();
    return words.every((word) => haystack.includes(word));
  });
}
