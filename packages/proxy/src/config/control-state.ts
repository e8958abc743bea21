import path from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { ControlStateLocation } from "@prism-data/control-state";
import * as z from "zod";
import { Secret } from "./secret.js";

/** The file in `data_dir` that holds the control state, unless PostgreSQL does. */
const fileName = "control.db";

/** PostgreSQL cuts names after 63 bytes. */
const databasePath = /^\/[^/]{1,63}$/;

const tls = z
  .strictObject({
    ca_file: z
      .string()
      .min(1)
      .optional()
      .describe(
        "The certificates to trust, as PEM. Relative to the file's folder, like the others. Not given: those of Node.js.",
      ),
    cert_file: z.string().min(1).optional().describe("The proxy's own certificate, as PEM. With `key_file`."),
    key_file: z.string().min(1).optional().describe("The private key of `cert_file`, as PEM. With `cert_file`."),
    server_name: z
      .string()
      .min(1)
      .optional()
      .describe("The name that the server's certificate must carry. Not given: the host in `url`."),
  })
  .refine(({ cert_file, key_file }) => (cert_file === undefined) === (key_file === undefined), {
    message: "and key_file need each other",
    path: ["cert_file"],
  });

const postgres = z.strictObject({
  url: z
    .string()
    .superRefine((url, check) => {
      const message = problemOf(url);
      if (message !== undefined) check.addIssue({ code: "custom", message });
    })
    .describe("Where the server is: `postgres://USER@HOST:PORT/DATABASE`, without a password."),
  password: z
    .string()
    .min(1)
    .optional()
    .describe("The user's password; take it from the environment or a file, do not write it here."),
  tls: tls.optional().describe("Encrypts the connection; `{}` trusts what Node.js trusts. Not given: no TLS."),
  schema: z
    .string()
    .regex(
      /^(?!pg_)[a-z_][a-z0-9_]{0,29}$/,
      "must be 1 to 30 lower-case letters, digits or underscores, and not begin with a digit or pg_",
    )
    .prefault("prism_control")
    .describe(
      "The schema that holds the tables, made when it is missing. Proxies that share a control state name the same one.",
    ),
});

/** The schema of `control_state`. */
export const controlStateSchema = z
  .strictObject({
    postgres: postgres
      .optional()
      .describe(
        "Keeps what was declared over the admin API in PostgreSQL, for several proxies. Not given: in the file `control.db` in `data_dir`.",
      ),
  })
  .prefault({});

/** Where the control state is, from a configuration that was checked. */
export function controlStateLocation(
  { postgres }: z.output<typeof controlStateSchema>,
  { dataDir, workingDir }: { readonly dataDir: string; readonly workingDir: string },
): ControlStateLocation {
  if (postgres === undefined) return { kind: "sqlite", file: path.join(dataDir, fileName) };
  const { url, password, tls, schema } = postgres;
  const resolved = (file: string | undefined) => file && path.resolve(workingDir, file);
  return {
    kind: "postgres",
    url,
    schema,
    password: password === undefined ? undefined : new Secret(password),
    tls: tls && {
      caFile: resolved(tls.ca_file),
      certFile: resolved(tls.cert_file),
      keyFile: resolved(tls.key_file),
      serverName: tls.server_name,
    },
  };
}

/** Whether two name the same place in the same way. */
export function sameLocation(left: ControlStateLocation, right: ControlStateLocation): boolean {
  return isDeepStrictEqual(left, right) && passwordOf(left) === passwordOf(right);
}

function passwordOf(location: ControlStateLocation): string | undefined {
  return location.kind === "postgres" ? location.password?.reveal() : undefined;
}

function problemOf(text: string): string | undefined {
  const url = URL.parse(text);
  if (url === null || !/^postgres(ql)?:$/.test(url.protocol)) {
    return "must be a URL such as postgres://prism@127.0.0.1:5432/postgres";
  }
  if (url.password !== "") return "must not carry a password, because a URL is logged; use password";
  if (url.username === "") return "must name a user, such as postgres://prism@127.0.0.1:5432/postgres";
  if (url.hostname === "") return "must name a host";
  if (!databasePath.test(url.pathname)) return "must end with the name of a database, such as /postgres";
  return url.search === "" && url.hash === "" ? undefined : "must not carry a query or a fragment; use the other keys";
}
