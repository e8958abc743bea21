import type { SecureContextOptions } from "node:tls";

/** Where a control state is kept. */
export type ControlStateLocation = SqliteLocation | PostgresLocation;

export interface SqliteLocation {
  readonly kind: "sqlite";
  /** The file, made with the first write. Absolute. */
  readonly file: string;
}

export interface PostgresLocation {
  readonly kind: "postgres";
  /** postgres://USER@HOST:PORT/DATABASE, without a password. */
  readonly url: string;
  readonly password?: string;
  /** Default: no TLS. `serverName`: what the certificate must say. Default: the host in `url`. */
  readonly tls?: SecureContextOptions & { readonly serverName?: string };
  /** The schema that holds the tables, made when it is missing. */
  readonly schema: string;
}
