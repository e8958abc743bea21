import { compareIdempotencyTokens } from "../../../patterns/idempotency-token.js";
import type { SetRequest, SetResult } from "../../../patterns/key-value/key-value.js";
import { type BrokenStore, broken } from "./broken-store.js";
import { ReferenceStore } from "./reference-store.js";

/** Stores that get idempotency tokens wrong. */
export const tokenStores: readonly BrokenStore[] = [
  broken(
    "ignores tokens",
    "idempotency: a set with the same token changes nothing and answers the first etag",
    class extends ReferenceStore {
      override replayedEtag = () => undefined;
    },
  ),
  broken(
    "lets a late token win",
    "idempotency: a late token is refused and changes nothing",
    class extends ReferenceStore {
      override replayedEtag({ key, token }: SetRequest): string | undefined {
        const kept = this.tokens.get(key);
        return token && kept && compareIdempotencyTokens(token, kept) === 0 ? kept.etag : undefined;
      }
    },
  ),
  broken(
    "forgets the token of a key that is deleted",
    "idempotency: a replay after a delete does not bring the key back",
    class extends ReferenceStore {
      override remove(key: string): boolean {
        this.tokens.delete(key);
        return super.remove(key);
      }
    },
  ),
  broken(
    "orders tokens by whole milliseconds",
    "idempotency: tokens are ordered by time to the microsecond, then by nonce as bytes",
    class extends ReferenceStore {
      override replayedEtag(request: SetRequest): string | undefined {
        const { token } = request;
        return super.replayedEtag({ ...request, token: token && { ...token, timeMicros: token.timeMicros / 1_000n } });
      }
      override apply(request: SetRequest): SetResult {
        const { token } = request;
        return super.apply({ ...request, token: token && { ...token, timeMicros: token.timeMicros / 1_000n } });
      }
    },
  ),
  broken(
    "keeps the token of a write that it refuses",
    "idempotency: a write that failed keeps no token",
    class extends ReferenceStore {
      override checkCondition(key: string, condition: SetRequest["condition"]): void {
        const token = { timeMicros: 2n ** 60n, nonce: new Uint8Array(1) };
        if (condition?.kind === "absent" && this.live(key) !== undefined)
          this.tokens.set(key, { ...token, etag: "refused" });
        super.checkCondition(key, condition);
      }
    },
  ),
];
