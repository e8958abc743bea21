import * as z from "zod";

const unitMs = { ms: 1, s: 1_000, m: 60_000 } as const;

/** A shorter wait would give up on a server that is merely busy. */
const timeoutMsMin = 100;

/** A call that waits longer than this has lost its caller. */
const timeoutMsMax = 60_000;

const defaultPort = 6379;

/** A file name, host name, user or password longer than this is a slip. */
const textCharsMax = 1_024;

const durationText = /^(\d{1,6})(ms|s|m)$/;
const databasePath = /^\/?(\d{0,9})$/;

/** Where the server is, from `url`. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
  readonly database: number;
  readonly encrypted: boolean;
}

const text = z.string().min(1, "Must not be empty.").max(textCharsMax, `Must be at most ${textCharsMax} characters.`);

const durationMs = z
  .string()
  .regex(durationText, "Must be a whole number with a unit: ms, s or m.")
  .transform(parseDurationMs)
  .refine((ms) => ms >= timeoutMsMin && ms <= timeoutMsMax, "Must be 100ms to 1m.");

const tls = z.strictObject({
  ca_file: text
    .optional()
    .describe(
      "The certificates to trust, as PEM. Default: those of Node.js. A relative path starts at the folder of prism.yaml.",
    ),
  cert_file: text.optional().describe("The plugin's own certificate, as PEM. With key_file; default: none."),
  key_file: text.optional().describe("The private key of cert_file, as PEM. With cert_file; default: none."),
  server_name: text
    .optional()
    .describe("The name that the server's certificate must carry, and that is sent as SNI. Default: the host of url."),
});

/** The settings of a Redis backend. */
export const settingsSchema = z
  .strictObject({
    url: text
      .superRefine((url, check) => {
        const problem = problemOf(url);
        if (problem !== undefined) check.addIssue({ code: "custom", message: problem });
      })
      .describe(
        "Where the server is: redis://HOST:PORT/DATABASE, or rediss:// for TLS. The port may be left out (6379), the database " +
          "too (0). Names and passwords do not belong in it: see username and password.",
      ),
    username: text.optional().describe("The ACL user. Default: the server's default user."),
    password: text
      .optional()
      .describe("The user's password; take it from the environment or a file, do not write it here. Default: none."),
    tls: tls.optional().describe("How to trust the server and to be trusted. With rediss:// only."),
    connect_timeout: durationMs
      .prefault("2s")
      .describe("How long an attempt to connect may take, TLS included. 100ms to 1m; default 2s."),
    command_timeout: durationMs
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
    if ((tls?.cert_file === undefined) !== (tls?.key_file === undefined)) {
      refuse(["tls", "cert_file"], "cert_file and key_file need each other.");
    }
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

function parseDurationMs(duration: string): number {
  const [, digits, unit] = durationText.exec(duration) ?? [];
  return Number(digits) * unitMs[unit as keyof typeof unitMs];
}
