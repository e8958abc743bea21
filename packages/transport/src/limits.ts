const kib = 1024;
const mib = 1024 * kib;

interface Limit {
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly reason: string;
}

function limit(value: number, min: number, max: number, reason: string): Limit {
  return { value, min, max, reason };
}

const maxWindowBytes = 2 ** 31 - 1;
const maxTimeoutMs = 2 ** 31 - 1;

/** Every bound of a connection: its default, what may be asked for, and why it is what it is. */
export const connectionLimits = {
  maxConcurrentStreams: limit(
    1000,
    1,
    maxWindowBytes,
    "a client with hundreds of open subscriptions still gets a Get through; memory is bounded by this × streamWindowBytes",
  ),
  streamWindowBytes: limit(
    256 * kib,
    0,
    maxWindowBytes,
    "the most one stream can make us hold; fills 1 Gbit/s at 2 ms",
  ),
  connectionWindowBytes: limit(
    8 * mib,
    65_535,
    maxWindowBytes,
    "credited on receipt, so it bounds only what is on the wire",
  ),
  maxFrameBytes: limit(16 * kib, 16 * kib, 2 ** 24 - 1, "the protocol's own default; small frames keep streams fair"),
  maxHeaderListBytes: limit(16 * kib, 256, mib, "twice what gRPC implementations send at most by default"),
  maxHeaderBlockBytes: limit(
    64 * kib,
    kib,
    4 * mib,
    "compressed bytes of one header block; above it the peer is not confused but hostile",
  ),
  maxContinuationFrames: limit(16, 1, 1000, "CVE-2024-27316: a header block in more pieces than any encoder makes"),
  maxQueuedRequests: limit(
    10_000,
    0,
    1_000_000,
    "requests that wait for the peer's MAX_CONCURRENT_STREAMS; beyond it the caller must hear about the overload",
  ),
  sendHighWaterBytes: limit(
    256 * kib,
    1,
    maxWindowBytes,
    "what one stream may hold back for a slow reader before sendData says stop",
  ),
  maxUnsentControlBytes: limit(
    mib,
    16 * kib,
    64 * mib,
    "CVE-2019-9512, 9515: answers to a peer that sends and never reads",
  ),
  prefaceTimeoutMs: limit(10_000, 1, maxTimeoutMs, "a connection that never speaks HTTP/2 must not hold a socket"),
  idleTimeoutMs: limit(0, 0, maxTimeoutMs, "0: never; clients keep connections on purpose"),
  maxConnectionAgeMs: limit(
    0,
    0,
    2 ** 30,
    "0: for ever; else, give or take a tenth, how long until clients must connect anew and may find another server",
  ),
  maxConnectionAgeGraceMs: limit(
    60_000,
    0,
    maxTimeoutMs,
    "what the calls of a connection that is too old still get; endless streams must not keep it for ever",
  ),
  keepaliveIntervalMs: limit(0, 0, maxTimeoutMs, "0: never; else after how long a silence the peer is pinged"),
  keepaliveTimeoutMs: limit(
    20_000,
    1,
    maxTimeoutMs,
    "gRPC's own default; a peer that vanished must not hold its calls for ever",
  ),
  unreadTimeoutMs: limit(
    60_000,
    0,
    maxTimeoutMs,
    "how long what a stream sent last may wait for a peer that does not read it; 0: as long as it likes",
  ),
  drainPingTimeoutMs: limit(
    5000,
    1,
    maxTimeoutMs,
    "how long a drain waits for the round trip that tells which streams the peer has opened; later ones are refused",
  ),
  lingerMs: limit(
    1000,
    1,
    maxTimeoutMs,
    "how long a closed connection reads on so that the peer gets our GOAWAY before a TCP reset",
  ),
  resetBurst: limit(
    2000,
    1,
    1e9,
    "CVE-2023-44487, CVE-2025-8671: streams cancelled or refused; each completed stream earns one back",
  ),
  resetsPerSecond: limit(200, 1, 1e9, "an honest client's deadlines and cancels, sustained"),
  controlBurst: limit(2000, 1, 1e9, "CVE-2019-9512, 9513, 9515: SETTINGS, PING, PRIORITY and unknown frames"),
  controlPerSecond: limit(
    500,
    1,
    1e9,
    "keepalive and window probing of a busy honest peer (grpc-go pings per round trip at most)",
  ),
  emptyFrameBurst: limit(
    1000,
    1,
    1e9,
    "CVE-2019-9518: DATA frames without bytes and without END_STREAM; each useful frame earns one back",
  ),
  emptyFramesPerSecond: limit(100, 1, 1e9, "no client sends them on purpose"),
} as const satisfies Record<string, Limit>;

type LimitName = keyof typeof connectionLimits;

/** Overrides of the defaults in {@link connectionLimits}. */
export type ConnectionOptions = { readonly [name in LimitName]?: number };
export type ConnectionLimits = { readonly [name in LimitName]: number };

/** For a Unix socket between processes that trust each other: few frames, room for large values, no queueing. */
export const unixSocketOptions: ConnectionOptions = {
  maxConcurrentStreams: 100_000,
  streamWindowBytes: mib,
  connectionWindowBytes: 64 * mib,
  maxFrameBytes: 256 * kib,
  maxQueuedRequests: 100_000,
  unreadTimeoutMs: 0,
  resetBurst: 1e9,
  controlBurst: 1e9,
};

/** @throws RangeError for a value outside its bounds. */
export function resolveLimits(options: ConnectionOptions): ConnectionLimits {
  const resolved: Record<string, number> = {};
  for (const [name, { value, min, max }] of Object.entries(connectionLimits)) {
    const chosen = options[name as LimitName] ?? value;
    if (!(chosen >= min && chosen <= max)) {
      throw new RangeError(`connection option ${name} is ${chosen}, must be from ${min} to ${max}`);
    }
    resolved[name] = chosen;
  }
  return resolved as ConnectionLimits;
}
