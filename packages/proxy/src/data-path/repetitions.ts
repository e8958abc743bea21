import { connectionLost, Http2ErrorCode } from "@prism-data/transport";
import type { Route } from "../routing/route-lookup.js";
import type { HeldRequest } from "./held-request.js";
import { carriesToken } from "./idempotency-token.js";
import { lossesMax, refusalsMax, retainedBytesOfOthersMax, retainedBytesPerCallMax } from "./limits.js";

/** How much of a request is kept once it is sent, so that it can be sent again. */
export function retainedBytesMax({ readOnly, tokenField, singleRequest }: Route): number {
  const isRepeatable = singleRequest && (readOnly || tokenField !== undefined);
  return isRepeatable ? retainedBytesPerCallMax : retainedBytesOfOthersMax;
}

/** How often a call was sent in vain. */
export class Repetitions {
  #losses = 0;
  #refusals = 0;

  /** Whether a call whose stream was reset with this code, and whose request is all here, may be sent once more. Counts it. */
  allow(errorCode: number, route: Route, { held, ended }: { held: HeldRequest; ended: boolean }): boolean {
    if (errorCode === Http2ErrorCode.REFUSED_STREAM) {
      // The plugin has certainly not processed it.
      this.#refusals += 1;
      return this.#refusals <= refusalsMax;
    }
    if (errorCode !== connectionLost) return false;
    // The plugin may have processed it: only what changes nothing, or says what it repeats, is sent again.
    this.#losses += 1;
    const { readOnly, tokenField } = route;
    const isSafe = readOnly || (tokenField !== undefined && ended && carriesToken(held.chunks, tokenField));
    return isSafe && this.#losses <= lossesMax;
  }
}
