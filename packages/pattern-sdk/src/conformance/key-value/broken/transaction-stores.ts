import type { Awaitable } from "../../../awaitable.js";
import type { MutationResult, TransactRequest } from "../../../patterns/key-value/key-value.js";
import { type BrokenStore, broken, roundTrip } from "./broken-store.js";
import { ReferenceStore } from "./reference-store.js";

/** Stores that get transactions wrong. */
export const transactionStores: readonly BrokenStore[] = [
  broken(
    "leaves what was changed before a condition failed",
    "transaction: a last condition that fails leaves everything as it was",
    class extends ReferenceStore {
      override transact({ conditions, mutations }: TransactRequest): MutationResult[] {
        const results = mutations.map((mutation) => this.mutate(mutation));
        for (const [index, condition] of conditions.entries()) this.checkTransactCondition(index, condition);
        return results;
      }
    },
  ),
  broken(
    "lets others in between two mutations",
    "transaction: a reader that runs alongside never sees half of a transaction",
    class extends ReferenceStore {
      override async transact(request: TransactRequest): Promise<MutationResult[]> {
        await super.transact({ ...request, mutations: [] });
        const results: MutationResult[] = [];
        for (const mutation of request.mutations) {
          results.push(this.mutate(mutation));
          await roundTrip();
        }
        return results;
      }
    },
  ),
  broken(
    "checks its conditions long before it changes anything",
    "transaction: of racing transactions with the same condition exactly one wins, and the others leave nothing",
    class extends ReferenceStore {
      override async transact(request: TransactRequest): Promise<readonly MutationResult[]> {
        await super.transact({ ...request, mutations: [] });
        await roundTrip();
        return super.transact({ ...request, conditions: [] });
      }
    },
  ),
  broken(
    "applies only the last mutation of a key",
    "transaction: the same key may stand more than once: the last mutation stays",
    class extends ReferenceStore {
      override transact(request: TransactRequest): Awaitable<readonly MutationResult[]> {
        const last = new Map(request.mutations.map((mutation) => [mutation.key, mutation]));
        const applied = new Map([...last].map(([key, mutation]) => [key, this.mutate(mutation)]));
        return request.mutations.map(({ key, kind }) =>
          applied.get(key)!.kind === kind
            ? applied.get(key)!
            : kind === "set"
              ? { kind, etag: "x" }
              : { kind, existed: false },
        );
      }
    },
  ),
];
