import { serverTimeoutSetting, textSetting, tlsSettings } from "@prism-data/pattern-sdk";
import * as z from "zod";

const defaultPort = 6379;

const databasePath = /^\/?(\d{0,9})$/;

/** Where the server is, from `url`. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
  readonly database: number;
  readonly encrypted: boolean;
}

/** The settings of a Redis backend. */
export const settingsSchema = z
  .strictObject({
    url: textSetting
      .superRefine((url, check) => {
        const problem = problemOf(url);
        if (problem !== undefined) check.addIssue({ code: "custom", message: problem });
      })
      .describe(
        "Where the server is: redis://HOST:PORT/DATABASE, or rediss:// for TLS. The port may be left out (6379), the database " +
          "too (0). Names and passwords do not belong in it: see username and password.",
      ),
    username: textSetting.optional().describe("The ACL user. Default: the server's default user."),
    password: textSetting
      .optional()
      .describe("The user's password; take it from the environment or a file, do not write it here. Default: none."),
    tls: tlsSettings.optional().describe("How to trust the server and to be trusted. With rediss:// only."),
    connect_timeout: serverTimeoutSetting
      .prefault("2s")
      .describe("How long an attempt to connect may take, TLS included. 100ms to 1m; default 2s."),
    command_timeout: serverTimeoutSetting
      .prefault("2s")
      .describe(
        "How long Redis may stay silent while calls wait for it. After that the connection is given up, the calls fail with " +
          "BACKEND_UNAVAILABLE, and the plugin connects anew. 100ms to 1m; default 2s.",
      ),
    key_prefix: z
      .string()
      .regex(/^[A-Za-z0-9._-]{1,64}$/, "Must be 1 to 64 letters, digits, dots, underscores or dashes.")
      .default("prism")
      .describe(
        "What all names on the server start with. Two Prisms that share a database and are not to share data need two " +
          "prefixes. 1 to 64 letters, digits, dots, underscores or dashes; default prism.",
      ),
  })
  .superRefine(({ url, username, password, tls }, check) => {
    const refuse = (path: string[], message: string) => check.addIssue({ code: "custom", path, message });
    if (tls !== undefined && url.startsWith("redis:")) refuse(["tls"], "Needs a url that starts with rediss://.");
    if (username !== undefined && password === undefined) refuse(["password"], "Must be given when username is.");
  });

/** The settings as they are used: durations in ms. */
export type Settings = z.output<typeof settingsSchema>;

/** Reads `url`, which the schema has checked. */
export function endpointOf(url: string): Endpoint {
  const { protocol, hostname, port, pathname } = new URL(url);
  const [, database] = databasePath.exec(pathname) ?? [];
  return {
    // A URL writes an IPv6 address in brackets, a socket wants it without.
    host: hostname.replace(/^\[(.*)\]$/, "$1"),
    port: port === "" ? defaultPort : Number(port),
    database: Number(database ?? 0),
    encrypted: protocol === "rediss:",
  };
}

function problemOf(url: string): string | undefined {
  if (!URL.canParse(url)) return "Must be a URL such as redis://127.0.0.1:6379/0.";
  const { protocol, username, password, hostname, pathname, search, hash } = new URL(url);
  if (protocol !== "redis:" && protocol !== "rediss:") return "Must start with redis:// or rediss://.";
  if (username !== "" || password !== "")
    return "Must not carry a user or password: a URL is logged. Use username and password.";
  if (hostname === "") return "Must name a host.";
  if (!databasePath.test(pathname)) return "Must end with the number of a database, such as /0, or without one.";
  return search === "" && hash === "" ? undefined : "Must not carry a query or a fragment.";
}
