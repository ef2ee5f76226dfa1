/** What a reader calls a source; the id where nobody has told its name. */
export type NameOf = (source: string) => string;

export function sourceNames(sources: readonly { id: string; name: string }[]): NameOf {
  const names = new Map(sources.map(({ id, name }) => [id, name]));
  return (source) => (source === 'composite' ? 'the venues' : (names.get(source) ?? source));
}
