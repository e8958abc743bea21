// One list and one idea: each store does one thing wrong, in as few lines as that takes.
import { setTimeout as pause } from "node:timers/promises";
import type {
  Awaitable,
  BatchResult,
  Change,
  DeleteRequest,
  Entry,
  KeyValue,
  MutationResult,
  ScanPage,
  ScanRequest,
  SetRequest,
  SetResult,
  TransactRequest,
} from "../../patterns/key-value.js";
import type { ReferenceParts } from "./reference-plugin.js";
import { compareTokens, ReferenceStore } from "./reference-store.js";

/** A plugin that breaks one promise, and the name of the case that must notice. */
export interface BrokenStore extends ReferenceParts {
  readonly does: string;
  readonly caughtBy: string;
}

const broken = (does: string, caughtBy: string, Store: new () => ReferenceStore): BrokenStore => ({
  does,
  caughtBy,
  makeStore: () => new Store(),
});

/** Lets every other call that waits run: what a round trip to a data system does. */
const roundTrip = () => pause(2);

const valueStores = [
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

const ttlStores = [
  broken(
    "ignores times to live",
    "ttl: a key is there until its time has passed, and gone then",
    class extends ReferenceStore {
      override isExpired = () => false;
    },
  ),
  broken(
    "lets keys expire early",
    "ttl: a key is there until its time has passed, and gone then",
    class extends ReferenceStore {
      override isExpired = ({ expiresAtMs = Number.POSITIVE_INFINITY }: Entry) => expiresAtMs - 100 <= Date.now();
    },
  ),
  broken(
    "keeps the time to live through an overwrite",
    "ttl: an overwrite without a time to live takes it away",
    class extends ReferenceStore {
      override put(write: { key: string; value: Uint8Array; expiresAtMs?: number | undefined }): string {
        return super.put({ ...write, expiresAtMs: write.expiresAtMs ?? this.live(write.key)?.expiresAtMs });
      }
    },
  ),
  broken(
    "removes a key by the timer of a value that was overwritten",
    "ttl: an overwrite with a longer time to live replaces the shorter",
    class extends ReferenceStore {
      override keep(key: string, entry: Entry): void {
        super.keep(key, entry);
        const { expiresAtMs } = entry;
        if (expiresAtMs !== undefined) setTimeout(() => this.entries.delete(key), expiresAtMs - Date.now()).unref();
      }
    },
  ),
  broken(
    "counts expired keys",
    "ttl: an expired key is not counted",
    class extends ReferenceStore {
      readonly #expired = new Set<string>();
      override notify(change: Change): void {
        if (change.kind === "expired") this.#expired.add(change.key);
        super.notify(change);
      }
      override count(prefix: string): number {
        return (
          this.matchingKeys({ kind: "prefix", prefix }).length +
          [...this.#expired].filter((key) => key.startsWith(prefix)).length
        );
      }
    },
  ),
  broken(
    "takes the time to live away with an increment",
    "ttl: an increment leaves the time to live",
    class extends ReferenceStore {
      override increment(key: string, delta: bigint): Awaitable<{ value: bigint; etag: string }> {
        this.persist(key);
        return super.increment(key, delta);
      }
    },
  ),
  broken(
    "changes the etag with expire",
    "ttl: expire gives a time to live, leaves value and etag, and the key goes on time",
    class extends ReferenceStore {
      override expire(key: string, ttlMs: number): Awaitable<number | undefined> {
        const entry = this.live(key);
        return entry && this.apply({ key, value: entry.value, ttlMs }) && this.live(key)?.expiresAtMs;
      }
    },
  ),
];

const conditionalStores = [
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

const tokenStores = [
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
        return token && kept && compareTokens(token, kept.token) === 0 ? kept.etag : undefined;
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
          this.tokens.set(key, { token, etag: "refused" });
        super.checkCondition(key, condition);
      }
    },
  ),
];

const batchStores = [
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

const scanStores = [
  broken(
    "takes % and _ of a prefix for wildcards",
    "scan: a prefix is taken byte for byte, whatever wildcards it holds",
    class extends ReferenceStore {
      override startsWith(key: string, prefix: string): boolean {
        const literal = prefix.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
        return new RegExp(`^${literal.replaceAll("%", ".*").replaceAll("_", ".")}`, "s").test(key);
      }
    },
  ),
  broken(
    "takes * of a counted prefix for a wildcard",
    "count: a prefix is taken byte for byte, whatever wildcards it holds",
    class extends ReferenceStore {
      override count = (prefix: string) => super.count(prefix.replaceAll("*", ""));
    },
  ),
  broken(
    "remembers a page by how many keys came before it",
    "scan: keys that live through the scan come exactly once while keys before and after the page come and go",
    class extends ReferenceStore {
      override scan({ cursor, ...request }: ScanRequest): ScanPage {
        const skipped = Number(cursor ?? 0);
        const page = this.page(this.matchingKeys(request.selection).slice(skipped), request);
        return page.cursor === undefined ? page : { ...page, cursor: String(skipped + page.entries.length) };
      }
    },
  ),
  broken(
    "repeats the last key of a page as the first of the next",
    "scan: pages of every size together hold every key once",
    class extends ReferenceStore {
      override scan(request: ScanRequest): ScanPage {
        const keys = this.matchingKeys(request.selection).filter(
          (key) => this.compareKeys(key, request.cursor ?? "") >= 0,
        );
        return this.page(keys, { ...request, limit: Math.max(request.limit, 2) });
      }
    },
  ),
  broken(
    "does not bound pages by bytes",
    "scan: pages are bounded by bytes",
    class extends ReferenceStore {
      override scan = (request: ScanRequest) => super.scan({ ...request, pageSizeBytes: 3_000_000 });
    },
  ),
  broken(
    "orders keys by their UTF-16 units",
    "ordered scan: keys come in the order of their UTF-8 bytes, across pages, also beyond U+FFFF",
    class extends ReferenceStore {
      override compareKeys = (a: string, b: string) => (a < b ? -1 : Number(a > b));
    },
  ),
  broken(
    "takes the end of a range into it",
    "ordered scan: a range holds its start and not its end",
    class extends ReferenceStore {
      override matchingKeys(selection: ScanRequest["selection"]): string[] {
        return super.matchingKeys(
          selection.kind === "range" && selection.end !== "" ? { ...selection, end: `${selection.end}\0` } : selection,
        );
      }
    },
  ),
  broken(
    "counts a page and not all keys",
    "count: keys are counted exactly, more than a page of them too",
    class extends ReferenceStore {
      override count = (prefix: string) => Math.min(1_000, this.matchingKeys({ kind: "prefix", prefix }).length);
    },
  ),
];

const counterStores = [
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

const transactionStores = [
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

const watchStores = [
  broken(
    "sends changes twice",
    "watch: each change comes once, in order, with value and etag",
    class extends ReferenceStore {
      override notify(change: Change): void {
        super.notify(change);
        super.notify(change);
      }
    },
  ),
  broken(
    "sends changes out of order",
    "watch: under concurrent writers the changes of each key come once and in the order they were made",
    class extends ReferenceStore {
      #sent = 0;
      override notify(change: Change): void {
        this.#sent++;
        setTimeout(() => super.notify(change), this.#sent % 3 === 0 ? 5 : 0);
      }
    },
  ),
  broken(
    "sends expired only when somebody reads the key",
    "watch: a key that expires sends expired, once, and nothing before its time",
    class extends ReferenceStore {
      override keep(key: string, entry: Entry): void {
        this.entries.set(key, entry);
      }
    },
  ),
  broken(
    "says that a watch is in place before it is",
    "watch: a write that is acknowledged after the watch is in place is never missed",
    class extends ReferenceStore {
      override async watch(...[prefix, sink, context]: Parameters<ReferenceStore["watch"]>): Promise<void> {
        sink.started();
        await pause(20);
        return super.watch(prefix, { started() {}, change: (change) => sink.change(change) }, context);
      }
    },
  ),
  broken(
    "sends every key to every watcher",
    "watch: only keys with the prefix are sent, whatever wildcards it holds",
    class extends ReferenceStore {
      override watch = (...[, sink, context]: Parameters<ReferenceStore["watch"]>) => super.watch("", sink, context);
    },
  ),
];

const namespaceStores: readonly BrokenStore[] = [
  {
    does: "ignores the case of namespaces",
    caughtBy: "isolation: namespaces whose names are alike share nothing",
    storeName: (namespace) => namespace.toLowerCase(),
  },
  {
    does: "joins namespace and key with a colon",
    caughtBy: "isolation: a name and a key do not run into each other",
    capabilities: [],
    makeStore: joinsNames(),
  },
  {
    does: "deletes every namespace whose name starts alike",
    caughtBy: "isolation: deleting the data of a namespace leaves the others",
    reaches: (asked, name) => name.startsWith(asked),
  },
  {
    does: "keeps the data of a namespace that was deleted",
    caughtBy:
      "isolation: a namespace whose data was deleted is empty when it is bound again, and has forgotten its tokens",
    reaches: () => false,
  },
  {
    does: "says that it is durable, and keeps everything in its process",
    caughtBy: "durability: what was acknowledged is there after a kill, with its etag",
    survivesRestart: false,
  },
];

/** Every one of them, and nothing else, is what the suite must be able to tell from a store that keeps its promises. */
export const brokenStores: readonly BrokenStore[] = [
  ...valueStores,
  ...ttlStores,
  ...conditionalStores,
  ...tokenStores,
  ...batchStores,
  ...scanStores,
  ...counterStores,
  ...transactionStores,
  ...watchStores,
  ...namespaceStores,
];

function untilNul(key: string): string {
  return key.split("\0")[0] || "\0";
}

/** All namespaces in one store, under keys that run into each other. */
function joinsNames(): (namespace: string) => KeyValue {
  const all = new ReferenceStore();
  return (namespace) => ({
    get: (key) => all.get(`${namespace}:${key}`),
    set: (request) => all.set({ ...request, key: `${namespace}:${request.key}` }),
    delete: (request) => all.delete({ ...request, key: `${namespace}:${request.key}` }),
    exists: (key) => all.exists(`${namespace}:${key}`),
  });
}
