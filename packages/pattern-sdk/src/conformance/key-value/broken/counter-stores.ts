import { type BrokenStore, broken, roundTrip } from "./broken-store.js";
import { ReferenceStore } from "./reference-store.js";

/** Stores that get counters wrong. */
export const counterStores: readonly BrokenStore[] = [
  broken(
    "adds as a double",
    "counter: sums are exact over the whole range of int64",
    class extends ReferenceStore {
      override sum(key: string, text: string, delta: bigint): bigint {
        super.sum(key, text, delta);
        return BigInt.asIntN(64, BigInt(Number(text) + Number(delta)));
      }
    },
  ),
  broken(
    "wraps around at the ends of int64",
    "counter: a sum that leaves int64 is refused, and the counter unchanged",
    class extends ReferenceStore {
      override sum = (key: string, text: string, delta: bigint) => BigInt.asIntN(64, super.sum(key, text, 0n) + delta);
    },
  ),
  broken(
    "takes any number for a counter",
    "counter: a value that is no decimal int64 is refused, and unchanged",
    class extends ReferenceStore {
      override sum = (key: string, text: string, delta: bigint) =>
        super.sum(key, String(Number.isInteger(Number(text)) ? BigInt(Number(text)) : text), delta);
    },
  ),
  broken(
    "reads and adds in two steps",
    "counter: concurrent increments are all counted, and no sum is answered twice",
    class extends ReferenceStore {
      override async increment(key: string, delta: bigint): Promise<{ value: bigint; etag: string }> {
        const before = this.live(key);
        await roundTrip();
        const value = this.sum(key, before === undefined ? "0" : Buffer.from(before.value).toString(), delta);
        return { value, etag: this.put({ key, value: Buffer.from(String(value)) }) };
      }
    },
  ),
];
