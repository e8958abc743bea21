import { serverTimeoutSetting, textSetting, tlsSettings } from "@prism-data/pattern-sdk";
import * as z from "zod";

const defaultPort = 5432;

/** With fewer than two, a statement that waits for a lock would hold up all others. */
const poolSizeMin = 2;

/** Each connection is a process of the server; more than this serves nobody faster. */
const poolSizeMax = 200;

/** PostgreSQL cuts names after 63 bytes. */
const databasePath = /^\/([^/]{1,63})$/;

/** Where the server is, from `url`. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
}

/** The settings of a PostgreSQL backend. */
export const settingsSchema = z.strictObject({
  url: textSetting
    .superRefine((url, check) => {
      const problem = problemOf(url);
      if (problem !== undefined) check.addIssue({ code: "custom", message: problem });
    })
    .describe(
      "Where the server is: postgres://USER@HOST:PORT/DATABASE. The port may be left out (5432). The password does not belong " +
        "in it: see password.",
    ),
  password: textSetting
    .optional()
    .describe("The user's password; take it from the environment or a file, do not write it here. Default: none."),
  tls: tlsSettings
    .optional()
    .describe(
      "Encrypts, and says how to trust the server and to be trusted. {} trusts what Node.js trusts. Default: no TLS.",
    ),
  schema: z
    .string()
    .regex(/^[a-z_][a-z0-9_]{0,29}$/, "Must be 1 to 30 lower-case letters, digits or underscores, no digit first.")
    .refine((schema) => !schema.startsWith("pg_"), "Must not start with pg_: PostgreSQL keeps such names for itself.")
    .default("prism")
    .describe(
      "The schema of the database that holds the plugin's tables, made when it is missing. Two Prisms that share a database and " +
        "are not to share data need two. 1 to 30 lower-case letters, digits or underscores; default prism.",
    ),
  pool_size: z
    .int()
    .min(poolSizeMin, `Must be at least ${poolSizeMin}.`)
    .max(poolSizeMax, `Must be at most ${poolSizeMax}.`)
    .default(10)
    .describe(
      "The most connections for calls: those of all key-value, queue, stream and pub-sub namespaces together, and as many again for " +
        "each relational namespace. One more listens. 2 to 200; default 10.",
    ),
  connect_timeout: serverTimeoutSetting
    .prefault("2s")
    .describe(
      "How long an attempt to connect may take, TLS included, or a call waits for a connection. 100ms to 1m; default 2s.",
    ),
  statement_timeout: serverTimeoutSetting
    .prefault("5s")
    .describe(
      "How long one statement of the plugin's own may take on the server. SQL of apps is bounded by their deadlines instead. " +
        "100ms to 1m; default 5s.",
    ),
});

/** The settings as they are used: durations in ms. */
export type Settings = z.output<typeof settingsSchema>;

/** Reads `url`, which the schema has checked. */
export function endpointOf(url: string): Endpoint {
  const { hostname, port, pathname, username } = new URL(url);
  return {
    // A URL writes an IPv6 address in brackets, a socket wants it without.
    host: decodeURIComponent(hostname).replace(/^\[(.*)\]$/, "$1"),
    port: port === "" ? defaultPort : Number(port),
    database: decodeURIComponent(databasePath.exec(pathname)![1]!),
    user: decodeURIComponent(username),
  };
}

function problemOf(url: string): string | undefined {
  if (!URL.canParse(url)) return "Must be a URL such as postgres://prism@127.0.0.1:5432/postgres.";
  const { protocol, username, password, hostname, pathname, search, hash } = new URL(url);
  if (protocol !== "postgres:" && protocol !== "postgresql:") return "Must start with postgres:// or postgresql://.";
  if (password !== "") return "Must not carry a password: a URL is logged. Use password.";
  if (username === "") return "Must name a user, such as postgres://prism@127.0.0.1:5432/postgres.";
  if (hostname === "") return "Must name a host.";
  if (!databasePath.test(pathname)) return "Must end with the name of a database, such as /postgres.";
  if ([username, pathname].some((part) => !isDecodable(part))) return "Must be percent-encoded UTF-8.";
  return search === "" && hash === "" ? undefined : "Must not carry a query or a fragment: use the other settings.";
}

function isDecodable(text: string): boolean {
  try {
    return !decodeURIComponent(text).includes("\0");
  } catch {
    return false;
  }
}
