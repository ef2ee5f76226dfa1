export { StreamClient, type SocketLike, type StreamOptions } from './client';
export { channelMatches, isLossless, isWildcard } from './channel';
export { fullJitter } from './backoff';
export type * from './types';
