import { keyvalue } from "@prism-data/pattern-sdk/protocol";
import { methodsOf, type ProxyConnection } from "../../proxy-connection.js";

const method = methodsOf("prism.keyvalue.v1.KeyValueService");
const get = method("Get", keyvalue.GetRequest, keyvalue.GetResponse);
const set = method("Set", keyvalue.SetRequest, keyvalue.SetResponse);
const remove = method("Delete", keyvalue.DeleteRequest, keyvalue.DeleteResponse);
const exists = method("Exists", keyvalue.ExistsRequest, keyvalue.ExistsResponse);
const scan = method("Scan", keyvalue.ScanRequest, keyvalue.ScanResponse);
const count = method("Count", keyvalue.CountRequest, keyvalue.CountResponse);
const watch = method("Watch", keyvalue.WatchRequest, keyvalue.WatchResponse);

/** How to write: the parts of a set that may be left out. */
export type SetOptions = Partial<Pick<keyvalue.SetRequest, "ttl" | "condition" | "idempotencyToken">>;

/** Which keys a scan goes through. */
export type ScanOptions = Pick<keyvalue.ScanRequest, "selection" | "keysOnly"> & { readonly limit: number | undefined };

/** The most entries that the API puts in one page unless asked for more. */
const pageEntriesMax = 1_000;

/** The key-value calls on one namespace. */
export class KeyValueClient {
  readonly #connection: ProxyConnection;
  readonly #namespace: string;

  constructor(connection: ProxyConnection, namespace: string) {
    this.#connection = connection;
    this.#namespace = namespace;
  }

  get(key: string): Promise<keyvalue.GetResponse> {
    return this.#connection.unary(get, { namespace: this.#namespace, key }, this.#tried("get", key));
  }

  set(key: string, value: Uint8Array, options: SetOptions): Promise<keyvalue.SetResponse> {
    const unset = { ttl: undefined, condition: undefined, idempotencyToken: undefined };
    const request = { namespace: this.#namespace, key, value, ...unset, ...options };
    return this.#connection.unary(set, request, this.#tried("set", key));
  }

  delete(key: string, ifEtag: string | undefined): Promise<keyvalue.DeleteResponse> {
    return this.#connection.unary(remove, { namespace: this.#namespace, key, ifEtag }, this.#tried("delete", key));
  }

  exists(key: string): Promise<keyvalue.ExistsResponse> {
    return this.#connection.unary(exists, { namespace: this.#namespace, key }, this.#tried("look up", key));
  }

  /** Goes through all pages, up to `limit` entries. */
  async *scan({ selection, keysOnly, limit }: ScanOptions): AsyncGenerator<keyvalue.ScanEntry, void, undefined> {
    let remaining = limit ?? Number.POSITIVE_INFINITY;
    let pageToken = "";
    do {
      const page = await this.#connection.unary(
        scan,
        {
          namespace: this.#namespace,
          selection,
          limit: Math.min(remaining, pageEntriesMax),
          pageSizeBytes: 0,
          keysOnly,
          pageToken,
        },
        this.#tried("scan"),
      );
      yield* page.entries;
      remaining -= page.entries.length;
      pageToken = page.nextPageToken;
    } while (pageToken !== "" && remaining > 0);
  }

  count(prefix: string): Promise<keyvalue.CountResponse> {
    return this.#connection.unary(count, { namespace: this.#namespace, prefix }, this.#tried("count"));
  }

  watch(prefix: string): AsyncGenerator<keyvalue.WatchResponse, void, undefined> {
    return this.#connection.serverStream(watch, { namespace: this.#namespace, prefix }, this.#tried("watch"));
  }

  #tried(verb: string, key?: string): string {
    const namespace = JSON.stringify(this.#namespace);
    return key === undefined ? `${verb} ${namespace}` : `${verb} the key ${JSON.stringify(key)} of ${namespace}`;
  }
}
