const mib = 1024 * 1024;

/**
 * A call that is sent in this many bytes can be sent again after its plugin was lost. A larger one fails instead: to retain is
 * to copy, and the app that gave it an idempotency token can repeat it itself.
 */
export const retainedBytesPerCallMax = 128 * 1024;

/**
 * Any other call, so that one which the plugin refused unseen (GOAWAY, REFUSED_STREAM) can be sent again. That is rare, and to
 * retain is to copy, so only small ones are.
 */
export const retainedBytesOfOthersMax = 16 * 1024;

/** All that is retained of calls in flight: what a crash among large writes may cost in memory. Beyond it they are not sent again. */
export const retainedBytesMax = 128 * mib;

/** Requests that hide their namespace behind megabytes. No usual encoder does, so this is for a few odd ones. */
export const unroutedBytesMax = 64 * mib;

/** What one call's plugin may send before its app has read anything: a value of 64 KiB with what is around it, in one go. */
export const upstreamWindowBytes = 68 * 1024;

/** The same once the app reads: enough to keep a Unix socket busy. */
export const grownUpstreamWindowBytes = 512 * 1024;

/** What is taken for an app before its plugin is told to wait. */
export const downstreamHighWaterBytes = 16 * 1024;

/**
 * What one app may leave unread, here and in plugins, before its next calls wait: dozens of the largest answers. A thousand
 * streams that nobody reads hold a window and the high-water mark each, and are less.
 */
export const connectionBacklogBytesMax = 96 * mib;

/** How long a call without a deadline waits for its app to read. */
export const heldBackWaitMs = 30_000;

/** Requests of calls that wait until their app reads. */
export const heldBackBytesMax = 64 * mib;

/** Bodies of HTTP/JSON requests that are coming in or being answered, and answers that are being read. */
export const httpBodiesBytesMax = 128 * mib;

/** Requests that wait for one backend: with the bound on their number, what an outage of it may cost in memory. */
export const waitingBytesMax = 64 * mib;

/** Calls that wait for one backend: a few seconds of traffic while a plugin restarts. Beyond it waiting only delays the refusal. */
export const waitingCallsMax = 10_000;

/** How long a call without a deadline waits for its backend: one restart with a slow start, not an outage. */
export const backendWaitMs = 30_000;

/** How often a call is sent again because its plugin was lost: more than one crash can fall into a call's time, but not many. */
export const lossesMax = 3;

/** How often a call is sent again because the plugin refused it unseen; more often means that something is wrong there. */
export const refusalsMax = 3;

/** The first and the longest pause between two attempts to connect to a plugin that says it is ready. */
export const reconnectPauseMs = { first: 20, longest: 500 } as const;

/**
 * How many calls a plugin that is not written with the SDK is told at once to give up. Half of what a server on Node.js (nghttp2)
 * takes of one connection before it ends it as a rapid reset.
 */
export const cancelsBurst = 500;

/** How many a second after that; nghttp2 takes 33. */
export const cancelsPerSecond = 30;

/** How many calls that were given up may wait for that. The next ones are cancelled at once, whatever the plugin makes of it. */
export const cancelsWaitingMax = 10_000;

/** When a call that found too many in flight should come again: about the time a burst takes to pass. */
export const overloadRetryAfterMs = 100;

/** When a call that found a drain should come again: another proxy, or the next start of this one. */
export const drainRetryAfterMs = 1_000;

/** When a call that found a crash loop should come again. */
export const crashLoopRetryAfterMs = 5_000;

/** How long connections may take to close after the last call of a drain, for the peers' sake. */
export const closeWaitMs = 1_000;

/** Longer than the idle time of usual load balancers, so that it is they who close first and no request meets a closing socket. */
export const httpKeepAliveTimeoutMs = 75_000;

/** How often slow HTTP/1.1 requests are looked for: what their timeout may be late. */
export const httpSlowRequestLookMs = 10_000;

/** Base64 makes bytes a third longer, and JSON has names around them. */
export function httpBodyBytesMax(messageBytes: number): number {
  return Math.ceil(messageBytes * 1.4) + 64 * 1024;
}
