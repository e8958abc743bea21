// better-sqlite3: a table for each pattern, in a file that is as safe as the plugin's: each commit is synced to disk.
import { join } from "node:path";
import Database from "better-sqlite3";
import { nextValue, value, valuesOf } from "./values.mjs";

export async function open(folder) {
  const db = new Database(join(folder, "driver.db"));
  db.pragma("journal_mode = WAL");
  db.pragma("synchronous = FULL");
  db.exec(`
    CREATE TABLE entries (key TEXT PRIMARY KEY, value BLOB NOT NULL);
    CREATE TABLE messages (id INTEGER PRIMARY KEY, value BLOB NOT NULL);
    CREATE TABLE bench (id INTEGER PRIMARY KEY, value TEXT)`);
  db.prepare("INSERT INTO bench VALUES (1, ?)").run("x".repeat(1_024));
  const set = db.prepare("INSERT INTO entries VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value");
  const get = db.prepare("SELECT value FROM entries WHERE key = ?");
  const query = db.prepare("SELECT value FROM bench WHERE id = ?");
  const insert = db.prepare("INSERT INTO messages (value) VALUES (?)");
  const insertMany = db.transaction((count, payload) => {
    for (let left = count; left > 0; left -= 1) insert.run(payload);
  });
  const add = { run: async () => insert.run(value) };
  const addMany = (size) => ({ run: async (count) => insertMany(count, valuesOf(size)) });
  const read = (size) => {
    db.exec(`CREATE TABLE log_${size} (id INTEGER PRIMARY KEY, value BLOB NOT NULL)`);
    const fill = db.prepare(`INSERT INTO log_${size} (value) VALUES (?)`);
    const all = db.prepare(`SELECT id, value FROM log_${size} ORDER BY id LIMIT ?`);
    return {
      prepare: async (count) => {
        for (let left = count; left > 0; left -= 1) fill.run(valuesOf(size));
      },
      run: async (count) => all.all(count),
    };
  };
  return {
    get: { prepare: async () => set.run("key", value), run: async () => get.get("key") },
    set: { run: async () => set.run("key", nextValue()) },
    send: add,
    append: add,
    "append-stream-100b": addMany(100),
    "append-stream-1024b": addMany(1_024),
    "read-100b": read(100),
    "read-1024b": read(1_024),
    query: { run: async () => query.get(1) },
  };
}
