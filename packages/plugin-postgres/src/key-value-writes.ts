import { type CallContext, idempotencyWindowMs } from "@prism-data/pattern-sdk";
import { byteaArray, int4Array, int8Array, textArray } from "./binary-array.js";
import type { Connection } from "./connection.js";
import { dealtOut, GroupCommit } from "./group-commit.js";
import type { Namespace } from "./namespace.js";
import { wanted, type writeKind, type writeStatus } from "./schema/key-value-tables.js";
import type { Statement } from "./statement.js";

/** As long as so many look-ups, so that none is sent behind it while there is another connection. */
const writeLoad = 64;

const write: Statement = {
  name: "kv_write",
  text: "SELECT status, seen, number FROM kv_write($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
};

type ValueOf<T> = T[keyof T];

/** One step of a write. */
export interface WriteStep {
  readonly kind: ValueOf<typeof writeKind>;
  readonly key: Buffer;
  readonly value?: Uint8Array | undefined;
  /** The etag that the key gets. */
  readonly etag?: string | undefined;
  readonly ttlMs?: number | undefined;
  readonly want?: ValueOf<typeof wanted> | undefined;
  readonly wantEtag?: string | undefined;
  readonly token?: Buffer | undefined;
  readonly delta?: bigint | undefined;
}

/** What became of a step. */
export interface StepOutcome {
  readonly status: ValueOf<typeof writeStatus>;
  /** The etag that the key has now, or had when the step was refused; the first answer of a repeated set. */
  readonly seen: string | null;
  /** When the key expires, or what a counter adds up to. */
  readonly number: bigint | null;
}

/** Steps that belong together: one, or a transaction with its conditions first. */
type Steps = readonly WriteStep[];

/** The writes of one namespace: those that wait at the same time share a transaction on the server. */
export class KeyValueWrites {
  readonly #commits: GroupCommit<Steps, readonly StepOutcome[]>;

  constructor(connection: Connection, namespace: Namespace) {
    this.#commits = new GroupCommit({
      address: connection.address,
      apply: (entries) =>
        namespace.use(async (id) =>
          dealtOut(entries, await connection.run(write, [id, ...arraysOf(entries)], writeLoad)),
        ),
    });
  }

  async one(step: WriteStep, context: CallContext): Promise<StepOutcome> {
    const [outcome] = await this.transaction([step], context);
    return outcome!;
  }

  /** All or nothing: when a condition fails, every step after it is skipped. */
  transaction(steps: Steps, { deadlineMs }: CallContext): Promise<readonly StepOutcome[]> {
    const sizeBytes = steps.reduce((sum, { key, value }) => sum + key.length + (value?.length ?? 0), 0);
    return this.#commits.submit(steps, { deadlineMs, sizeBytes, steps: steps.length });
  }
}

function arraysOf(entries: readonly Steps[]) {
  const steps = entries.flat();
  const transactions = entries.flatMap((entry, index) => entry.map(() => (entry.length > 1 ? index + 1 : 0)));
  return [
    int4Array(steps.map(({ kind }) => kind)),
    int4Array(transactions),
    byteaArray(steps.map(({ key }) => key)),
    byteaArray(steps.map(({ value }) => value)),
    textArray(steps.map(({ etag }) => etag)),
    int8Array(steps.map(({ ttlMs }) => ttlMs)),
    int4Array(steps.map(({ want }) => want ?? wanted.anything)),
    textArray(steps.map(({ wantEtag }) => wantEtag)),
    byteaArray(steps.map(({ token }) => token)),
    idempotencyWindowMs,
    int8Array(steps.map(({ delta }) => delta)),
  ];
}
