/** The proxy's own bounds, as configured under `limits`. What a namespace or plugin bounds is theirs. */
export interface Limits {
  /** The largest request or response message, in bytes. */
  readonly messageBytes: number;
  /** The largest header list of a request, in bytes as HTTP/2 counts them. */
  readonly headerListBytes: number;
  /** Streams that one connection may have open at once. */
  readonly streamsPerConnection: number;
  /** Connections from apps that may be open at once. */
  readonly connections: number;
  /** How long a connection of an app may live, give or take a tenth. 0: for ever. */
  readonly connectionAgeMs: number;
  /** How long its calls may take then. */
  readonly connectionAgeGraceMs: number;
  /** After how long a silence a connection is pinged. 0: never. */
  readonly keepaliveIntervalMs: number;
  readonly keepaliveTimeoutMs: number;
  /** Calls in flight over all connections. Above it: RESOURCE_EXHAUSTED, OVERLOADED. */
  readonly callsInFlight: number;
  /** Bytes of answers that apps have not read, over all of them. Above it calls of apps with unread answers wait. */
  readonly unreadBytes: number;
  /** How long a new connection may take until it is known what it speaks and over what encryption, in ms. */
  readonly handshakeTimeoutMs: number;
  /** How long a connection may stay open without a call, in ms. */
  readonly idleTimeoutMs: number;
  /** How long a request may take to arrive, or the first message of a gRPC call, and a complete answer to be read, in ms. */
  readonly requestTimeoutMs: number;
}
