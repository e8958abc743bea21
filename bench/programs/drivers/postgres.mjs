// pg: a table for each pattern, a pool as large as the plugin's.
import pg from "pg";
import { nextValue, value, valuesOf } from "./values.mjs";

const poolSize = 10;

export async function open(address) {
  const pool = new pg.Pool({ connectionString: address, max: poolSize });
  await pool.query(`
    CREATE TABLE entries (key text PRIMARY KEY, value bytea NOT NULL);
    CREATE TABLE messages (id bigserial PRIMARY KEY, value bytea NOT NULL);
    CREATE TABLE bench (id bigint PRIMARY KEY, value text);
    INSERT INTO bench VALUES (1, repeat('x', 1024))`);
  const named = (name, text) => (values) => pool.query({ name, text, values });
  const set = named(
    "set",
    "INSERT INTO entries VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
  );
  const insert = named("insert", "INSERT INTO messages (value) VALUES ($1)");
  const insertMany = named("insert-many", "INSERT INTO messages (value) SELECT unnest($1::bytea[])");
  const add = { run: () => insert([value]) };
  const addMany = (size) => ({ run: (count) => insertMany([Array(count).fill(valuesOf(size))]) });
  const read = (size) => ({
    prepare: async (count) => {
      await pool.query(`CREATE TABLE log_${size} (id bigserial PRIMARY KEY, value bytea NOT NULL)`);
      await pool.query(`INSERT INTO log_${size} (value) SELECT unnest($1::bytea[])`, [
        Array(count).fill(valuesOf(size)),
      ]);
    },
    run: named(`read-${size}`, `SELECT id, value FROM log_${size} ORDER BY id LIMIT 1000`),
  });
  return {
    get: {
      prepare: () => set(["key", value]),
      run: () => named("get", "SELECT value FROM entries WHERE key = $1")(["key"]),
    },
    set: { run: () => set(["key", nextValue()]) },
    send: add,
    publish: add,
    "publish-stream-100b": addMany(100),
    "publish-stream-1024b": addMany(1_024),
    append: add,
    "append-stream-100b": addMany(100),
    "append-stream-1024b": addMany(1_024),
    "read-100b": { ...read(100), run: () => read(100).run([]) },
    "read-1024b": { ...read(1_024), run: () => read(1_024).run([]) },
    query: { run: () => named("query", "SELECT value FROM bench WHERE id = $1")([1]) },
  };
}
