import type { Takeover } from '../api/types';
import { formatDateTime } from '../format';
import type { NameOf } from '../market/names';

const WHY: Record<Takeover['cause'], string> = {
  first: 'the first price',
  silent: 'it was not heard any more',
  disbelieved: 'what it said was not plausible',
  preferred: 'back again',
};

/** A change of the source as the chart shows it, in milliseconds. */
export interface Mark {
  at: number;
  to: string;
  text: string;
}

export function marks(takeovers: readonly Takeover[], nameOf: NameOf): Mark[] {
  return takeovers.map(({ at, from, to, cause }) => {
    const change = from === null ? `${nameOf(to)}: ${WHY[cause]}` : `from ${nameOf(from)} to ${nameOf(to)}: ${WHY[cause]}`;
    return { at: Date.parse(at), to, text: `${formatDateTime(Date.parse(at))}, ${change}` };
  });
}
