import { createHash, createHmac } from "node:crypto";
import { Client, type ClientConfig, escapeIdentifier, escapeLiteral } from "pg";
import { translateLinkError } from "./errors.js";
import { lockClass } from "./schema/lock-class.js";
import { scramVerifier } from "./scram-verifier.js";
import type { ServerAccess } from "./server-access.js";
import type { Statement } from "./statement.js";

/** Copying the template takes a fraction of a second; a busy disk, or other processes that make the same, may take longer. */
const makeTimeoutMs = 30_000;

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

/** How to log in to the database of a namespace. */
export interface NamespaceLogin {
  /** Of the database and of the role. */
  readonly name: string;
  readonly password: string;
}

/** What a namespace's database was found to be. */
export interface MadeDatabase {
  readonly login: NamespaceLogin;
  readonly made: boolean;
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

  constructor(access: ServerAccess) {
    this.#access = access;
  }

  /** The name for a namespace: people recognise it, and no two namespaces, schemas or plugin databases share one. */
  nameOf(namespace: string): string {
    const { endpoint, schema } = this.#access;
    const hash = createHash("sha256").update([endpoint.database, schema, namespace].join("\0")).digest("hex");
    const readable = namespace
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, "_")
      .slice(0, readableCharsMax);
    return `${schema}_${readable}_${hash.slice(0, hashChars)}`;
  }

  /** Makes the database unless it is there. Several processes may try at once; one does it. Throws `GatewayError`. */
  make(namespace: string, id: number): Promise<MadeDatabase> {
    return this.#asPluginsUser(id, async (client) => {
      const login = await this.#loginOf(client, namespace);
      const { rows } = await client.query("SELECT ready FROM relational_database WHERE namespace_id = $1", [id]);
      // Its SQL may have changed the role's password.
      await client.query(roleStatement(login, await this.#isRole(client, login.name)));
      if (rows[0]?.ready) return { login, made: false };
      await this.#build(client, login);
      await client.query(
        "INSERT INTO relational_database VALUES ($1, $2, true) ON CONFLICT (namespace_id) DO UPDATE SET ready = true",
        [id, login.name],
      );
      return { login, made: true };
    });
  }

  /** Removes the database with everything in it, and whoever uses it is cut off. Throws `GatewayError`. */
  remove(namespace: string, id: number): Promise<void> {
    return this.#asPluginsUser(id, async (client) => {
      const name = escapeIdentifier(this.nameOf(namespace));
      await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      await client.query(`DROP ROLE IF EXISTS ${name}`);
    });
  }

  async #build(client: Client, { name }: NamespaceLogin): Promise<void> {
    const quoted = escapeIdentifier(name);
    const { rows } = await client.query("SELECT FROM pg_database WHERE datname = $1", [name]);
    // The other template may hold what somebody put there for all new databases.
    if (rows.length === 0) await client.query(`CREATE DATABASE ${quoted} TEMPLATE template0`);
    // To own what belongs to a role, or to give it something, one must be a member of it.
    await client.query(`GRANT ${quoted} TO CURRENT_USER`);
    await client.query(`REVOKE ALL ON DATABASE ${quoted} FROM PUBLIC`);
    await this.#as({ database: name }, async (inside) => {
      await inside.query(`ALTER SCHEMA public OWNER TO ${quoted}`);
      await inside.query("REVOKE ALL ON SCHEMA public FROM PUBLIC");
    });
    await client.query(`GRANT CONNECT, TEMPORARY, CREATE ON DATABASE ${quoted} TO ${quoted}`);
  }

  async #isRole(client: Client, name: string): Promise<boolean> {
    const { rows } = await client.query("SELECT FROM pg_roles WHERE rolname = $1", [name]);
    return rows.length > 0;
  }

  async #loginOf(client: Client, namespace: string): Promise<NamespaceLogin> {
    const { rows } = await client.query("SELECT secret FROM relational_secret");
    const name = this.nameOf(namespace);
    return { name, password: createHmac("sha256", rows[0].secret).update(name).digest("base64url") };
  }

  /** Works on a connection of its own, because making a database takes long, with a lock on the namespace. */
  #asPluginsUser<T>(id: number, work: (client: Client) => Promise<T>): Promise<T> {
    return this.#as({}, async (client) => {
      await client.query(`SELECT pg_advisory_lock(${lockClass(this.#access.schema, "relational")}, ${id})`);
      return work(client);
    });
  }

  async #as<T>(where: ClientConfig, work: (client: Client) => Promise<T>): Promise<T> {
    const settings = { search_path: this.#access.schema, statement_timeout: makeTimeoutMs };
    const client = new Client({ ...this.#access.clientConfig(settings), ...where, query_timeout: makeTimeoutMs });
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

/** Makes the role, or sets it to what it is to be. */
function roleStatement({ name, password }: NamespaceLogin, exists: boolean): string {
  const verb = exists ? "ALTER" : "CREATE";
  const limits = exists ? "" : " NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOINHERIT";
  return `${verb} ROLE ${escapeIdentifier(name)} LOGIN${limits} PASSWORD ${escapeLiteral(scramVerifier(password))}`;
}
