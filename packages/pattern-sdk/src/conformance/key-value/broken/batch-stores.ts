import type { BatchResult } from "../../../patterns/batch-result.js";
import type { SetRequest, SetResult } from "../../../patterns/key-value/key-value.js";
import { type BrokenStore, broken } from "./broken-store.js";
import { ReferenceStore } from "./reference-store.js";

/** Stores that get batches wrong. */
export const batchStores: readonly BrokenStore[] = [
  broken(
    "applies a batch from its end",
    "batch: of two writes of one key the second stays, with its etag",
    class extends ReferenceStore {
      override async batchSet(requests: readonly SetRequest[]): Promise<readonly BatchResult<SetResult>[]> {
        return (await super.batchSet(requests.toReversed())).toReversed();
      }
    },
  ),
  broken(
    "answers a batch in the order of the keys",
    "batch: answers stand in the order of the request, missing keys and repeated keys too",
    class extends ReferenceStore {
      override batchGet = (keys: readonly string[]) => super.batchGet(keys.toSorted());
    },
  ),
  broken(
    "stops a batch at the first failure",
    "batch: an entry that fails does not stop the ones after it",
    class extends ReferenceStore {
      override async batchSet(requests: readonly SetRequest[]): Promise<readonly BatchResult<SetResult>[]> {
        let stopped: BatchResult<SetResult> | undefined;
        const results: BatchResult<SetResult>[] = [];
        for (const request of requests) {
          const [result] = stopped ? [stopped] : await super.batchSet([request]);
          if (!result?.ok) stopped = result;
          results.push(result!);
        }
        return results;
      }
    },
  ),
];
