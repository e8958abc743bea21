import type { DeleteRequest, SetRequest, SetResult } from "../../../patterns/key-value/key-value.js";
import { type BrokenStore, broken, roundTrip } from "./broken-store.js";
import { ReferenceStore } from "./reference-store.js";

/** Stores that get conditions and etags wrong. */
export const conditionalStores: readonly BrokenStore[] = [
  broken(
    "compares the etag and writes in two steps",
    "conditional: 50 concurrent compare-and-set increments end at 50",
    class extends ReferenceStore {
      override async set(request: SetRequest): Promise<SetResult> {
        this.checkCondition(request.key, request.condition);
        await roundTrip();
        return this.apply(request);
      }
    },
  ),
  broken(
    "looks whether a key is there and writes it in two steps",
    "conditional: of 50 racers with if_absent exactly one wins",
    class extends ReferenceStore {
      override async set(request: SetRequest): Promise<SetResult> {
        if (request.condition?.kind !== "absent") return super.set(request);
        this.checkCondition(request.key, request.condition);
        await roundTrip();
        return this.apply(request);
      }
    },
  ),
  broken(
    "deletes by etag in two steps",
    "conditional: of racing sets and deletes with the same if_etag exactly one wins",
    class extends ReferenceStore {
      override async delete({ key, ifEtag }: DeleteRequest): Promise<boolean> {
        if (ifEtag !== undefined) this.checkCondition(key, { kind: "etag", etag: ifEtag });
        await roundTrip();
        return this.entries.delete(key) || ifEtag !== undefined;
      }
    },
  ),
  broken(
    "counts versions per key, from 1 again after a delete",
    "conditional: an etag does not come back when its key is deleted and recreated",
    class extends ReferenceStore {
      override nextEtag = (key: string) => String(Number(this.live(key)?.etag ?? 0) + 1);
    },
  ),
  broken(
    "takes a hash of the value for its etag",
    "basic: every write gives another etag, also of the same value, and after delete and recreate",
    class extends ReferenceStore {
      override put(write: { key: string; value: Uint8Array; expiresAtMs?: number | undefined }): string {
        super.put(write);
        const etag = Buffer.from(write.value).toString("hex").slice(0, 64) || "empty";
        this.keep(write.key, { ...this.entries.get(write.key)!, etag });
        return etag;
      }
    },
  ),
  broken(
    "creates a missing key although an etag is given",
    "conditional: if_etag refuses a missing key, and does not create it",
    class extends ReferenceStore {
      override checkCondition(key: string, condition: SetRequest["condition"]): void {
        if (this.live(key) !== undefined || condition?.kind === "absent") super.checkCondition(key, condition);
      }
    },
  ),
];
