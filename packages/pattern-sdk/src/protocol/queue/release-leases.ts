import type { CallContext } from "../../call-context.js";
import { messagesPerRequestMax } from "../messaging/messaging-bounds.js";
import { releaseTimeoutMs } from "./queue-bounds.js";
import type { BoundQueue, QueueEnvironment } from "./queue-method.js";

/** Deliveries that a call cannot settle any more. */
export interface Abandoned {
  /** What the plugin calls them. */
  readonly ids: readonly string[];
  /** Whether they count as deliveries: whether the worker has seen them, and it was not Prism that ended the call. */
  readonly counts: boolean;
}

/**
 * Makes the messages ready again at once, although the call is over. Never rejects: what fails here is known to the log, and costs
 * no message, because every lease ends by itself.
 */
export async function releaseLeases(
  { pattern }: BoundQueue,
  { ids, counts }: Abandoned,
  { namespace, principal, requestId }: CallContext,
  { statusOfEntry }: QueueEnvironment,
): Promise<void> {
  const deadlineMs = Date.now() + releaseTimeoutMs;
  const signal = AbortSignal.timeout(releaseTimeoutMs);
  const context: CallContext = { namespace, deadlineMs, signal, principal, requestId };
  try {
    for (let start = 0; start < ids.length; start += messagesPerRequestMax) {
      await pattern.release(ids.slice(start, start + messagesPerRequestMax), counts, context);
    }
  } catch (error) {
    statusOfEntry(error);
  }
}
