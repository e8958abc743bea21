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
  /** `undefined`: none. */
  readonly password: { reveal(): string } | undefined;
  /** `undefined`: no TLS. */
  readonly tls: PostgresTls | undefined;
  /** The schema that holds the tables, made when it is missing. */
  readonly schema: string;
}

/** How to trust the server and to be trusted by it. Files are PEM, absolute, and read anew for each connection. */
export interface PostgresTls {
  /** `undefined`: trusts what Node.js trusts. */
  readonly caFile: string | undefined;
  readonly certFile: string | undefined;
  readonly keyFile: string | undefined;
  /** What the certificate must say. `undefined`: the host in `url`. */
  readonly serverName: string | undefined;
}
