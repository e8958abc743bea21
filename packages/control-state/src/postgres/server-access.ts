import { readFileSync } from "node:fs";
import { type ConnectionOptions, checkServerIdentity } from "node:tls";
import type { ClientConfig } from "pg";
import type { PostgresLocation, PostgresTls } from "../location.js";

const defaultPort = 5432;

const connectTimeoutMs = 2_000;

/** How long one statement may take on the server. Each takes a few ms; the rest is for waiting for other writers. */
const statementTimeoutMs = 5_000;

/** When the driver gives a statement up: the server has given it up before, if there still is one. */
const answerTimeoutMs = statementTimeoutMs + 1_000;

/** A writer that is gone or stands still holds up all others no longer than this. */
const idleInTransactionMs = 5_000;

/** How often a server looks, during a statement, whether its client is still there. */
const clientCheckMs = 1_000;

/** The host and port of a URL, for people, and what its schema is. */
export function placeOf({ url, schema }: PostgresLocation): string {
  const { host, pathname } = new URL(url);
  return `in PostgreSQL at ${host}${pathname}, schema ${schema}`;
}

/** What a connection is made with. */
export function clientConfigOf(location: PostgresLocation): ClientConfig {
  const { url, password, tls, schema } = location;
  const { hostname, port, pathname, username } = new URL(url);
  // A URL writes an IPv6 address in brackets, a socket wants it without.
  const host = decodeURIComponent(hostname).replace(/^\[(.*)\]$/, "$1");
  return {
    host,
    port: port === "" ? defaultPort : Number(port),
    user: decodeURIComponent(username),
    database: decodeURIComponent(pathname.slice(1)),
    ...(password !== undefined && { password: password.reveal() }),
    ssl: tls === undefined ? false : tlsOptions(tls, host),
    application_name: "prism-control-state",
    connectionTimeoutMillis: connectTimeoutMs,
    query_timeout: answerTimeoutMs,
    keepAlive: true,
    options: startupOptions({
      client_connection_check_interval: clientCheckMs,
      client_encoding: "UTF8",
      default_transaction_isolation: "read\\ committed",
      default_transaction_read_only: "off",
      idle_in_transaction_session_timeout: idleInTransactionMs,
      search_path: schema,
      standard_conforming_strings: "on",
      statement_timeout: statementTimeoutMs,
    }),
  };
}

function startupOptions(settings: Readonly<Record<string, string | number>>): string {
  return Object.entries(settings)
    .map(([name, value]) => `-c ${name}=${value}`)
    .join(" ");
}

function tlsOptions({ caFile, certFile, keyFile, serverName }: PostgresTls, host: string): ConnectionOptions {
  // The driver gives the host's name as SNI, and none for an address; what the certificate must say is decided here.
  const name = serverName ?? host;
  return {
    ...(caFile !== undefined && { ca: readFileSync(caFile) }),
    ...(certFile !== undefined && { cert: readFileSync(certFile) }),
    ...(keyFile !== undefined && { key: readFileSync(keyFile) }),
    checkServerIdentity: (_, certificate) => checkServerIdentity(name, certificate),
  };
}
