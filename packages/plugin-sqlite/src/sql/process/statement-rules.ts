import { constants as action } from "node:sqlite";

/** Reading and changing what is in the file. */
const always: ReadonlySet<number> = new Set([
  action.SQLITE_SELECT,
  action.SQLITE_READ,
  action.SQLITE_RECURSIVE,
  action.SQLITE_INSERT,
  action.SQLITE_UPDATE,
  action.SQLITE_DELETE,
  action.SQLITE_CREATE_TABLE,
  action.SQLITE_CREATE_INDEX,
  action.SQLITE_CREATE_VIEW,
  action.SQLITE_CREATE_TRIGGER,
  action.SQLITE_DROP_TABLE,
  action.SQLITE_DROP_INDEX,
  action.SQLITE_DROP_VIEW,
  action.SQLITE_DROP_TRIGGER,
  action.SQLITE_DROP_VTABLE,
  action.SQLITE_ALTER_TABLE,
  action.SQLITE_REINDEX,
  action.SQLITE_ANALYZE,
  action.SQLITE_DROP_TEMP_TABLE,
  action.SQLITE_DROP_TEMP_INDEX,
  action.SQLITE_DROP_TEMP_VIEW,
  action.SQLITE_DROP_TEMP_TRIGGER,
]);

/** What stays with the connection, and so must not outlive the transaction. */
const temporary: ReadonlySet<number> = new Set([
  action.SQLITE_CREATE_TEMP_TABLE,
  action.SQLITE_CREATE_TEMP_INDEX,
  action.SQLITE_CREATE_TEMP_VIEW,
  action.SQLITE_CREATE_TEMP_TRIGGER,
]);

/** Virtual tables that keep their data in the file's own tables. */
const modules: ReadonlySet<string> = new Set(["fts5", "fts5vocab", "rtree", "rtree_i32", "geopoly"]);

/** Functions that load code. */
const forbiddenFunctions: ReadonlySet<string> = new Set(["load_extension", "fts3_tokenizer"]);

/** Pragmas that say something of the schema or the file's content, and change nothing whatever their argument is. */
const describingPragmas: ReadonlySet<string> = new Set([
  "collation_list",
  "foreign_key_check",
  "foreign_key_list",
  "function_list",
  "index_info",
  "index_list",
  "index_xinfo",
  "integrity_check",
  "module_list",
  "quick_check",
  "table_info",
  "table_list",
  "table_xinfo",
]);

/** Pragmas that may be asked; with an argument they would change what is Prism's to decide. */
const askedPragmas: ReadonlySet<string> = new Set([
  "application_id",
  "data_version",
  "encoding",
  "foreign_keys",
  "freelist_count",
  "journal_mode",
  "page_count",
  "page_size",
]);

/** Pragmas that are the app's own. */
const freePragmas: ReadonlySet<string> = new Set(["user_version"]);

type Ask = readonly [first: string | null, second: string | null];

/**
 * Says what a statement may do: read and change what is in its file, and nothing else. SQLite asks it of everything that a statement
 * does, when the statement is prepared, and once more when the schema has changed since.
 */
export class StatementRules {
  #mode: "prism" | "statement" | "transaction" = "prism";
  #denied: string | undefined;
  #madeTemporary = false;

  /** Runs what is not an app's: everything is allowed. */
  asPrism<T>(run: () => T): T {
    return this.#as("prism", run);
  }

  /** Runs an app's statement. Savepoints are allowed in a transaction that the app drives. */
  asApp<T>({ ownTransaction }: { readonly ownTransaction: boolean }, run: () => T): T {
    this.#denied = undefined;
    return this.#as(ownTransaction ? "statement" : "transaction", run);
  }

  /** What the last statement was refused for, for people. */
  get denied(): string | undefined {
    return this.#denied;
  }

  /** Whether the connection holds temporary tables, views or triggers. */
  get madeTemporary(): boolean {
    return this.#madeTemporary;
  }

  readonly authorize = (code: number, first: string | null, second: string | null): number => {
    if (this.#mode === "prism" || this.#isAllowed(code, [first, second])) return action.SQLITE_OK;
    this.#denied ??= described(code, [first, second]);
    return action.SQLITE_DENY;
  };

  #as<T>(mode: "prism" | "statement" | "transaction", run: () => T): T {
    const before = this.#mode;
    this.#mode = mode;
    try {
      return run();
    } finally {
      this.#mode = before;
    }
  }

  #isAllowed(code: number, ask: Ask): boolean {
    if (always.has(code)) return true;
    if (temporary.has(code)) {
      this.#madeTemporary = true;
      return true;
    }
    const [first, second] = ask.map((name) => name?.toLowerCase());
    switch (code) {
      case action.SQLITE_FUNCTION:
        return !forbiddenFunctions.has(second ?? "");
      case action.SQLITE_CREATE_VTABLE:
        return modules.has(second ?? "");
      case action.SQLITE_PRAGMA:
        return isAllowedPragma(first ?? "", second);
      case action.SQLITE_SAVEPOINT:
        return this.#mode === "transaction";
      default:
        return false;
    }
  }
}

function isAllowedPragma(name: string, argument: string | undefined): boolean {
  if (describingPragmas.has(name) || freePragmas.has(name)) return true;
  return askedPragmas.has(name) && argument === undefined;
}

const transactions = "Prism begins and ends transactions: use the methods ExecuteBatch and Transact";

const reasons: Readonly<Record<number, string>> = {
  [action.SQLITE_ATTACH]: "a namespace is one file, and neither ATTACH nor VACUUM may leave it",
  [action.SQLITE_DETACH]: "a namespace is one file, and there is nothing to detach",
  [action.SQLITE_TRANSACTION]: transactions,
  [action.SQLITE_SAVEPOINT]: `${transactions}; savepoints are for transactions of the method Transact`,
};

function described(code: number, [first, second]: Ask): string {
  if (code === action.SQLITE_PRAGMA) return `PRAGMA ${first} is not for apps`;
  if (code === action.SQLITE_FUNCTION) return `the function ${second} is not for apps`;
  if (code === action.SQLITE_CREATE_VTABLE) return `virtual tables of the module ${second} are not for apps`;
  return reasons[code] ?? `the action ${code} is not for apps`;
}
