/** What a pattern method knows of the call that it serves. One per call; not shared. */
export interface CallContext {
  /** The namespace that was called. */
  readonly namespace: string;
  /** When the caller stops waiting, in ms since the Unix epoch. `undefined`: the call has no deadline. */
  readonly deadlineMs: number | undefined;
  /** Aborted when the deadline passes, the caller cancels, or the plugin's drain runs out of time. Made on first use. */
  readonly signal: AbortSignal;
  /** Who calls, as the proxy verified it. `undefined`: nobody was verified. */
  readonly principal: string | undefined;
  /** The proxy's id of the request, for log lines. `undefined`: none was given. */
  readonly requestId: string | undefined;
}
