/** A value as SQLite stores it. */
export type StoredValue = null | bigint | number | string | Uint8Array;

/** A statement with the values of its parameters. */
export interface StoredStatement {
  readonly sql: string;
  readonly parameters: readonly StoredValue[];
}

/** How much of a result is read in one go. */
export interface ReadSize {
  readonly rows: number;
  readonly bytes: number;
}

/** What is asked of a connection's process; one request at a time. `own`: the statement is a transaction by itself. */
export type ConnectionRequest =
  | { readonly kind: "open"; readonly path: string; readonly maxBytes: number | undefined }
  | { readonly kind: "close" }
  | { readonly kind: "begin"; readonly readOnly: boolean }
  | { readonly kind: "query"; readonly own: boolean; readonly statement: StoredStatement; readonly size: ReadSize }
  | { readonly kind: "fetch"; readonly own: boolean; readonly size: ReadSize }
  | { readonly kind: "execute"; readonly own: boolean; readonly statement: StoredStatement }
  | { readonly kind: "batch"; readonly statements: readonly StoredStatement[] }
  | { readonly kind: "commit" }
  | { readonly kind: "rollback" };

/** One column; `""`: it has no declared type, because it is an expression. */
export interface StoredColumn {
  readonly name: string;
  readonly type: string;
}

/** Part of a result. */
export interface ResultPart {
  readonly rows: readonly (readonly StoredValue[])[];
  /** Whether these were the last. */
  readonly done: boolean;
}

/** What a request of each kind is answered with. */
export interface ConnectionAnswers {
  readonly open: null;
  readonly close: null;
  readonly begin: null;
  readonly query: ResultPart & { readonly columns: readonly StoredColumn[] };
  readonly fetch: ResultPart;
  /** How many rows were inserted, updated or deleted. */
  readonly execute: number;
  readonly batch: readonly number[];
  readonly commit: null;
  readonly rollback: null;
}

/** Why a request failed. */
export interface ConnectionFailure {
  /** The name of SQLite's result code; that of a file that is not in its place any more is `GONE`. */
  readonly code: string;
  readonly message: string;
  /** Which statement of a batch, from 0. */
  readonly index?: number;
}

export type ConnectionResponse =
  | { readonly ok: true; readonly answer: ConnectionAnswers[keyof ConnectionAnswers] }
  | { readonly ok: false; readonly failure: ConnectionFailure };
