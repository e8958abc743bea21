import assert from "node:assert/strict";

/** A write or, with the value `null`, a removal. */
export interface Write {
  readonly key: string;
  readonly value: string | null;
  /** `same`: only if the key has the etag that it has now; `stale`: only if it has one that it never had. */
  readonly condition: "none" | "absent" | "same" | "stale";
}

interface Conditions {
  readonly ifAbsent?: true;
  readonly ifEtag?: string;
}

interface Entry {
  readonly value: string;
  readonly etag: string;
}

const staleEtag = "never-given";

const counter = /^(0|-?[1-9][0-9]{0,17})$/;

/** A plain map that says what a key-value store must answer. */
export class KeyValueModel {
  readonly #entries: Map<string, Entry>;

  constructor(entries: ReadonlyMap<string, Entry> = new Map()) {
    this.#entries = new Map(entries);
  }

  copy(): KeyValueModel {
    return new KeyValueModel(this.#entries);
  }

  get(key: string): Entry | undefined {
    return this.#entries.get(key);
  }

  /** What a write is to be sent with. A removal knows no `absent`. */
  optionsOf({ key, value, condition }: Write): Conditions {
    if (condition === "stale") return { ifEtag: staleEtag };
    if (condition === "same") return { ifEtag: this.get(key)?.etag ?? staleEtag };
    return condition === "absent" && value !== null ? { ifAbsent: true } : {};
  }

  /**
   * Checks the answer to a write that was sent with these conditions, and writes what it says: the etag of a set, whether a removal
   * found something, or why it was refused.
   */
  apply(
    write: Write,
    answer: string | boolean | { readonly reason: string },
    what: string,
    conditions: Conditions = this.optionsOf(write),
  ): void {
    const { key, value } = write;
    const before = this.get(key);
    const refusal = refusalOf(conditions, before);
    if (refusal !== undefined || typeof answer === "object") {
      assert.deepEqual(answer, { reason: refusal }, what);
      return;
    }
    if (value === null) {
      assert.equal(answer, before !== undefined, what);
      this.#entries.delete(key);
      return;
    }
    assert.ok(typeof answer === "string" && answer !== "", what);
    assert.notEqual(answer, before?.etag, `${what}: the etag is a new one`);
    this.#entries.set(key, { value, etag: answer });
  }

  /** What a counter would be; `undefined`: the key holds something else. */
  sum(key: string, delta: bigint): string | undefined {
    const { value } = this.get(key) ?? { value: "0" };
    return counter.test(value) ? String(BigInt(value) + delta) : undefined;
  }

  /** In the order of the keys' bytes. */
  entries(prefix: string): [key: string, value: string, etag: string][] {
    return [...this.#entries]
      .filter(([key]) => key.startsWith(prefix))
      .map(([key, { value, etag }]): [string, string, string] => [key, value, etag])
      .sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  }
}

function refusalOf({ ifAbsent, ifEtag }: Conditions, entry: Entry | undefined): string | undefined {
  if (ifAbsent && entry !== undefined) return "KEY_EXISTS";
  return ifEtag !== undefined && entry?.etag !== ifEtag ? "ETAG_MISMATCH" : undefined;
}
