import type { EventEmitter } from "node:events";
import type { Duplex } from "node:stream";
import type { PoolClient, Submittable } from "pg";

/** What of the driver's connection statements speak with. Source: pg's lib/connection.js. */
export interface Wire extends EventEmitter {
  readonly stream: Duplex;
  query(text: string): void;
  parse(message: { text: string; types: readonly number[] }): void;
  bind(message: { values: readonly (string | Buffer | null)[] }): void;
  describe(message: { type: "P" }): void;
  execute(message: { rows: number }): void;
  flush(): void;
  sync(): void;
  sendCopyFail(message: string): void;
}

/** What the server says when it is ready for another statement: in no transaction, in one, or in one that has failed. */
export type TransactionStatus = "I" | "T" | "E";

/** A statement that may be written before those ahead of it are answered. */
export interface WrittenAhead extends Submittable {
  /** Writes it, without waiting for anything. */
  write(wire: Wire): void;
  /** Its turn is over: the server is ready for another statement, or, without a status, the connection is lost. */
  end(status: TransactionStatus | undefined): void;
}

/**
 * Writes statements at once on a connection that has nothing to do, and gives each the answers that are for it. The driver's own pipelines
 * refuse statements that keep their rows on the server. `later`: is written by the last of `statements`, and answered after it.
 */
export function sendTogether(
  client: PoolClient,
  statements: readonly WrittenAhead[],
  later: readonly WrittenAhead[],
): void {
  const wire = client.connection as unknown as Wire;
  const turns = [...statements, ...later];
  let current: WrittenAhead | undefined;
  const next = (status: TransactionStatus | undefined) => {
    current?.end(status);
    current = turns.shift();
    if (current === undefined) wire.off("readyForQuery", onReady).off("end", onEnd);
    else client.query(current);
  };
  const onReady = ({ status }: { status: TransactionStatus }) => next(status);
  const onEnd = () => {
    while (current !== undefined) next(undefined);
  };
  wire.on("readyForQuery", onReady).on("end", onEnd);
  wire.stream.cork();
  for (const statement of statements) statement.write(wire);
  wire.stream.uncork();
  next(undefined);
  if (!wire.stream.writable) onEnd();
}
