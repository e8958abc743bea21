import type { DeleteRequest, Entry, SetRequest } from "../../../patterns/key-value/key-value.js";
import { type BrokenStore, broken } from "./broken-store.js";
import { ReferenceStore } from "./reference-store.js";

/** Stores that lose or change what they are given. */
export const valueStores: readonly BrokenStore[] = [
  broken(
    "stores values as text",
    "basic: a value is read back byte for byte, every byte value",
    class extends ReferenceStore {
      override stored = (value: Uint8Array) => Buffer.from(Buffer.from(value).toString());
    },
  ),
  broken(
    "takes an empty value for a missing key",
    "basic: an empty value is there, and is not a missing key",
    class extends ReferenceStore {
      override live(key: string): Entry | undefined {
        const entry = super.live(key);
        return entry?.value.length ? entry : undefined;
      }
    },
  ),
  broken(
    "cuts values off after 1 MiB",
    "basic: values of 2 MiB are read back whole, several at a time",
    class extends ReferenceStore {
      override stored = (value: Uint8Array) => value.slice(0, 2 ** 20);
    },
  ),
  broken(
    "ends keys at the first NUL",
    "basic: keys of any characters are each a key of their own",
    class extends ReferenceStore {
      override get = (key: string) => super.get(untilNul(key));
      override set = (request: SetRequest) => super.set({ ...request, key: untilNul(request.key) });
    },
  ),
  broken(
    "normalizes keys",
    "basic: keys of any characters are each a key of their own",
    class extends ReferenceStore {
      override get = (key: string) => super.get(key.normalize());
      override set = (request: SetRequest) => super.set({ ...request, key: request.key.normalize() });
      override delete = (request: DeleteRequest) => super.delete({ ...request, key: request.key.normalize() });
      override exists = (key: string) => super.exists(key.normalize());
    },
  ),
  broken(
    "says of every delete that the key was there",
    "basic: a missing key is an answer, not a failure",
    class extends ReferenceStore {
      override remove(key: string): boolean {
        super.remove(key);
        return true;
      }
    },
  ),
];

function untilNul(key: string): string {
  return key.split("\0")[0] || "\0";
}
