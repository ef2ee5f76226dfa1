/** What goes over `/api/v1/stream`. Nothing here depends on the rest of the dashboard. */

export interface Hello {
  type: 'hello';
  server: string;
  version: string;
  protocol: number;
  session: string;
  heartbeat_ms: number;
  /** Others than these may be stated; api/asyncapi.yaml has them all. */
  limits: { subscriptions: number; message_bytes: number; messages_per_second: number } & Partial<Record<string, number>>;
  time: string;
}

export type PushType = 'snapshot' | 'update' | 'gap' | 'status';

export interface Push<T = unknown> {
  channel: string;
  type: PushType;
  seq?: number;
  epoch?: string;
  data: T;
}

export interface ChannelError {
  code: string;
  message: string;
  near?: string[];
}

export interface ChannelResult {
  channel: string;
  /** `recovered` is absent in the answer to an unsubscribe. */
  result?: { channel: string; recovered?: boolean };
  error?: ChannelError;
}

export interface Answer {
  id: number | string | null;
  results?: ChannelResult[];
  error?: ChannelError;
}

/** Where the connection stands. `waiting` names the moment of the next attempt (local clock, milliseconds). */
export type ConnectionState =
  | { phase: 'idle' }
  | { phase: 'connecting'; attempt: number }
  | { phase: 'open'; session: string }
  | { phase: 'waiting'; attempt: number; retryAt: number; reason: string }
  | { phase: 'failed'; reason: string };

/** What a subscriber is told. Every function is optional; what one throws is reported as an uncaught exception. */
export interface ChannelHandlers<T = unknown> {
  /** The whole present state: forget what was known before. An array for a wildcard, trades and candles. */
  snapshot?: (push: Push<T>) => void;
  /** One change on top of what is known. */
  update?: (push: Push<T>) => void;
  /** Messages are missing. A snapshot follows; until then what is known may be incomplete. */
  gap?: (channel: string) => void;
  /** Something about the channel itself, e.g. `{origin: 'real'}` when the market behind it changes. */
  status?: (push: Push) => void;
  /** The server took the subscription; `recovered` says that missed messages follow instead of a snapshot. */
  subscribed?: (recovered: boolean) => void;
  /** The server refused this channel. It is not asked for again, until somebody subscribes to it anew. */
  error?: (error: ChannelError) => void;
}

export interface StreamEvents {
  connection: (state: ConnectionState) => void;
  hello: (hello: Hello) => void;
  /** Any time the server tells, to estimate its clock. */
  time: (serverTime: string) => void;
  /** Something that does not follow the protocol, or a request that was refused as a whole. */
  protocolError: (detail: string) => void;
}
