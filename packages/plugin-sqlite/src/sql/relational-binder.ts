import type { PatternBinder } from "@prism-data/pattern-sdk";
import { translateError } from "../errors.js";
import { SqliteRelational } from "../relational.js";
import type { ConnectionPool } from "./connection-pool.js";
import { NamespaceFiles } from "./namespace-files.js";
import { notOpenedInTime } from "./sql-errors.js";

/** How long a process may take to start and to open a file, on a machine that is busy. */
const openTimeoutMs = 10_000;

export interface RelationalBinderOptions {
  readonly pool: ConnectionPool;
  /** The absolute path of the backend's own file. */
  readonly path: string;
  readonly maxBytes: number | undefined;
  readonly busyTimeoutMs: number;
}

/** Makes namespaces with SQL real: each is a file of its own. */
export function relationalBinder(options: RelationalBinderOptions): PatternBinder<SqliteRelational> {
  const { pool, path, maxBytes, busyTimeoutMs } = options;
  const files = new NamespaceFiles(path);
  const bound = new Map<string, SqliteRelational>();
  const fileOf = (namespace: string) => ({ path: files.pathOf(namespace), maxBytes });
  return {
    async bind({ namespace }) {
      const file = fileOf(namespace);
      const isMissing = !files.has(namespace);
      const changes = isMissing ? [`made the file ${file.path}`] : [];
      // A process may still have one open that somebody removed.
      if (isMissing) await pool.closeFile(file);
      inPlace(file.path, () => files.make(namespace));
      const pattern = bound.get(namespace) ?? new SqliteRelational({ pool, file, busyTimeoutMs });
      await checkInTime(pattern, file.path);
      bound.set(namespace, pattern);
      const close = async () => {
        bound.delete(namespace);
        await pool.closeFile(file);
      };
      return { pattern, changes, close };
    },
    plan: ({ namespace }) => (files.has(namespace) ? [] : [`would make the file ${files.pathOf(namespace)}`]),
    async deleteData(namespace) {
      if (!files.has(namespace)) return [];
      await pool.closeFile(fileOf(namespace));
      inPlace(path, () => files.remove(namespace));
      return [`removed the file ${files.pathOf(namespace)}`];
    },
  };
}

/** What cannot be opened is no namespace. */
async function checkInTime(pattern: SqliteRelational, path: string): Promise<void> {
  const signal = AbortSignal.timeout(openTimeoutMs);
  try {
    await pattern.check(signal);
  } catch (error) {
    throw signal.aborted ? notOpenedInTime(path, openTimeoutMs) : error;
  }
}

function inPlace(path: string, run: () => void): void {
  try {
    run();
  } catch (error) {
    throw translateError(error, path);
  }
}
