import { createHash, createHmac } from "node:crypto";
import { Client, escapeIdentifier, escapeLiteral } from "pg";
import { namespaceGone, translateLinkError } from "./errors.js";
import { lockClass } from "./schema/lock-class.js";
import { scramVerifier } from "./scram-verifier.js";
import type { ServerAccess } from "./server-access.js";
import type { Statement } from "./statement.js";
import { Turns } from "./turns.js";

/** Copying the template takes a fraction of a second; a busy disk, or other processes that make the same, may take longer. */
const makeTimeoutMs = 30_000;

/** Before PostgreSQL drops a database it writes all that it has changed in any to the disk. */
const removeTimeoutMs = 600_000;

/** Each has a connection or two while it lasts, and more at once would not be done sooner. */
const worksAtOnceMax = 8;

/** PostgreSQL cuts names after 63 bytes; 30 of them may be the schema's name. */
const readableCharsMax = 15;
const hashChars = 16;

/** Removes what says that a namespace has a database. There is one row at most. */
export const removeRelationalRows: Statement = {
  name: "relational_remove",
  text: `
    WITH gone AS (DELETE FROM relational_database WHERE namespace_id = $1 AND $2::int > 0 RETURNING 1)
    SELECT count(*)::int AS removed FROM gone`,
};

/** The databases in which a role owns something or was granted something. */
const databasesOfRole = `
  SELECT DISTINCT d.datname FROM pg_shdepend s JOIN pg_database d ON d.oid = s.dbid JOIN pg_roles r ON r.oid = s.refobjid
    WHERE s.refclassid = 'pg_authid'::regclass AND r.rolname = $1`;

/** How to log in to the database of a namespace. */
export interface NamespaceLogin {
  /** Of the database and of the role. */
  readonly name: string;
  readonly password: string;
}

/**
 * Makes and removes the databases of relational namespaces.
 *
 * Each is a database and a role that may log in to it and to nothing else. A schema in a shared database would not be enough: notifications,
 * advisory locks, large objects and the catalog, with the names, definitions and code of everything, belong to a whole database.
 * And a role that SQL is merely switched to (SET ROLE) can switch back; one that has logged in itself has nothing to go back to.
 */
export class NamespaceDatabases {
  readonly #access: ServerAccess;
  readonly #turns = new Turns(worksAtOnceMax);

  constructor(access: ServerAccess) {
    this.#access = access;
  }

  /** The name for a namespace: people recognise it, and no two namespaces, schemas or plugin databases share one. */
  nameOf(namespace: string, id: number): string {
    const { endpoint, schema } = this.#access;
    const hash = createHash("sha256").update([endpoint.database, schema, namespace, id].join("\0")).digest("hex");
    const readable = namespace
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, "_")
      .slice(0, readableCharsMax);
    return `${schema}_${readable}_${hash.slice(0, hashChars)}`;
  }

  /** Makes the database unless it is there. Several processes may try at once; one does it. Throws `GatewayError`. */
  make(namespace: string, id: number): Promise<NamespaceLogin> {
    return this.#alone(id, makeTimeoutMs, async (client) => {
      const { rows: found } = await client.query("SELECT FROM namespace WHERE id = $1 AND name IS NOT NULL", [id]);
      if (found.length === 0) throw namespaceGone();
      const name = this.nameOf(namespace, id);
      const login = { name, password: await this.#passwordOf(client, name) };
      await client.query("INSERT INTO relational_database VALUES ($1, $2) ON CONFLICT DO NOTHING", [id, name]);
      const { rows } = await client.query("SELECT ready FROM relational_database WHERE namespace_id = $1", [id]);
      const hasRole = await isThere(client, "SELECT FROM pg_roles WHERE rolname = $1", name);
      // Its SQL may have changed the role's password.
      await client.query(roleStatement(login, hasRole));
      if (rows[0].ready && hasRole && (await hasDatabase(client, name))) return login;
      await this.#build(client, name);
      await client.query("UPDATE relational_database SET ready = true WHERE namespace_id = $1", [id]);
      return login;
    });
  }

  /** Removes the database with everything in it, and cuts off whoever uses it, and then the role. Throws `GatewayError`. */
  remove(id: number): Promise<void> {
    return this.#alone(id, removeTimeoutMs, async (client) => {
      const { rows } = await client.query("SELECT name FROM relational_database WHERE namespace_id = $1", [id]);
      for (const { name } of rows) {
        await client.query(`DROP DATABASE IF EXISTS ${escapeIdentifier(name)} WITH (FORCE)`);
        await this.#removeRole(client, name);
      }
    });
  }

  /** SQL of other namespaces can grant the role something, which would keep it. */
  async #removeRole(client: Client, name: string): Promise<void> {
    const quoted = escapeIdentifier(name);
    const { rows } = await client.query(databasesOfRole, [name]);
    for (const { datname } of rows) {
      const where = { database: datname, timeoutMs: makeTimeoutMs };
      await this.#on(where, (inside) => inside.query(`DROP OWNED BY ${quoted}`));
    }
    await client.query(`DROP ROLE IF EXISTS ${quoted}`);
  }

  async #build(client: Client, name: string): Promise<void> {
    const quoted = escapeIdentifier(name);
    // The other template may hold what somebody put there for all new databases.
    if (!(await hasDatabase(client, name))) await client.query(`CREATE DATABASE ${quoted} TEMPLATE template0`);
    // To own what belongs to a role, or to give it something, one must be a member of it.
    await client.query(`GRANT ${quoted} TO CURRENT_USER`);
    await client.query(`REVOKE ALL ON DATABASE ${quoted} FROM PUBLIC`);
    await client.query(`GRANT CONNECT, TEMPORARY, CREATE ON DATABASE ${quoted} TO ${quoted}`);
    await this.#on({ database: name, timeoutMs: makeTimeoutMs }, async (inside) => {
      await inside.query(`ALTER SCHEMA public OWNER TO ${quoted}`);
      await inside.query("REVOKE ALL ON SCHEMA public FROM PUBLIC");
    });
  }

  async #passwordOf(client: Client, name: string): Promise<string> {
    const { rows } = await client.query("SELECT secret FROM relational_secret");
    return createHmac("sha256", rows[0].secret).update(name).digest("base64url");
  }

  /** Works with a lock on the namespace, on a connection of its own, because databases are not made and removed in a moment. */
  #alone<T>(id: number, timeoutMs: number, work: (client: Client) => Promise<T>): Promise<T> {
    const lock = `SELECT pg_advisory_lock(${lockClass(this.#access.schema, "relational")}, ${id})`;
    return this.#turns.take(() =>
      this.#on({ timeoutMs }, async (client) => {
        await client.query(lock);
        return work(client);
      }),
    );
  }

  /** Works as the plugin's user. `database`: default, the plugin's. */
  async #on<T>(
    { database, timeoutMs }: { readonly database?: string; readonly timeoutMs: number },
    work: (client: Client) => Promise<T>,
  ): Promise<T> {
    const config = this.#access.clientConfig({ search_path: this.#access.schema, statement_timeout: timeoutMs });
    const client = new Client({ ...config, ...(database === undefined ? {} : { database }), query_timeout: timeoutMs });
    // Whatever ends the connection fails the statement that is under way.
    client.on("error", () => {});
    try {
      await client.connect();
      return await work(client);
    } catch (error) {
      throw translateLinkError(error, this.#access.address);
    } finally {
      await client.end().catch(() => {});
    }
  }
}

async function isThere(client: Client, question: string, name: string): Promise<boolean> {
  return (await client.query(question, [name])).rows.length > 0;
}

function hasDatabase(client: Client, name: string): Promise<boolean> {
  return isThere(client, "SELECT FROM pg_database WHERE datname = $1", name);
}

/** Makes the role, or sets it to what it is to be. */
function roleStatement({ name, password }: NamespaceLogin, exists: boolean): string {
  const verb = exists ? "ALTER" : "CREATE";
  const limits = exists ? "" : " NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOINHERIT";
  return `${verb} ROLE ${escapeIdentifier(name)} LOGIN${limits} PASSWORD ${escapeLiteral(scramVerifier(password))}`;
}
