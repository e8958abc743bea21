import { checkServerIdentity, type ConnectionOptions as TlsOptions } from "node:tls";
import { readTlsFiles } from "@prism-data/pattern-sdk";
import type { ClientConfig } from "pg";
import { types } from "pg";
import { type Endpoint, endpointOf, type Settings } from "./config.js";

/** How often a server looks, during a statement, whether its client is still there. */
const clientCheckMs = 1_000;

/** The oid of int8. Source: PostgreSQL's catalog pg_type. */
const int8Oid = 20;

/** What a session is set to, as PostgreSQL's settings. */
export type SessionSettings = Readonly<Record<string, string | number>>;

/**
 * What every session of the plugin runs with, whatever the server, the database or the role says: what the plugin reads and writes
 * depends on it.
 */
const commonSettings: SessionSettings = {
  bytea_output: "hex",
  client_connection_check_interval: clientCheckMs,
  client_encoding: "UTF8",
  datestyle: "ISO",
  default_transaction_isolation: "read committed",
  default_transaction_read_only: "off",
  extra_float_digits: 1,
  intervalstyle: "postgres",
  standard_conforming_strings: "on",
  timezone: "UTC",
};

/** Where the server is and how to log in, for any number of connections. */
export interface ServerAccess {
  readonly endpoint: Endpoint;
  /** Host and port, for messages. */
  readonly address: string;
  readonly connectTimeoutMs: number;
  readonly statementTimeoutMs: number;
  readonly schema: string;
  /** What a connection of the plugin's own user is made with. `settings`: beside the common ones. */
  clientConfig(settings: SessionSettings): ClientConfig;
}

/** Reads the settings, and the files that they name. Throws `INVALID_SETTINGS`. */
export function serverAccess(
  settings: Settings,
  { backend, workingDir }: { backend: string; workingDir: string },
): ServerAccess {
  const endpoint = endpointOf(settings.url);
  const ssl = settings.tls === undefined ? false : tlsOptions(settings.tls, { workingDir, host: endpoint.host });
  const { host, port } = endpoint;
  return {
    endpoint,
    address: host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`,
    connectTimeoutMs: settings.connect_timeout,
    statementTimeoutMs: settings.statement_timeout,
    schema: settings.schema,
    clientConfig: (session) => ({
      host,
      port,
      user: endpoint.user,
      database: endpoint.database,
      ...(settings.password === undefined ? {} : { password: settings.password }),
      ssl,
      application_name: `prism-${backend}`.replace(/[^ -~]/g, "_"),
      connectionTimeoutMillis: settings.connect_timeout,
      keepAlive: true,
      options: startupOptions({ ...commonSettings, ...session }),
      types: { getTypeParser },
    }),
  };
}

/** The settings as a session takes them when it starts. Source: PostgreSQL's manual, "StartupMessage". */
function startupOptions(settings: SessionSettings): string {
  return Object.entries(settings)
    .map(([name, value]) => `-c ${name}=${String(value).replace(/[\\ ]/g, "\\$&")}`)
    .join(" ");
}

/** int8 as a bigint, everything else as the driver has it. */
const getTypeParser: typeof types.getTypeParser = ((oid: number, format: "text" | "binary" = "text") =>
  oid === int8Oid ? BigInt : types.getTypeParser(oid, format as "text")) as typeof types.getTypeParser;

function tlsOptions(
  tls: NonNullable<Settings["tls"]>,
  { workingDir, host }: { workingDir: string; host: string },
): TlsOptions {
  const files = readTlsFiles(tls, { workingDir, system: "PostgreSQL" });
  const name = tls.server_name ?? host;
  // The driver gives the host's name as SNI, and none for an address; what the certificate must say is decided here.
  return { ...files, checkServerIdentity: (_, certificate) => checkServerIdentity(name, certificate) };
}
