import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { LocalServer, postgres } from "@prism-data/local-servers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bindAll, openBackend } from "./testing/open-backend.js";
import { callWith, eventually, failureOf, messageWith, runAsAdmin } from "./testing/own-connection.js";

const call = callWith();
const value = Buffer.from("v");
const binding = { namespace: "n", capabilities: new Set<string>(), options: undefined };
const statement = (sql: string) => ({ sql, parameters: [] });

/** A server on which everybody but its administrator needs a password. */
function startStrict(): Promise<LocalServer> {
  return LocalServer.start(postgres, {
    environment: process.env,
    arguments(folder) {
      const file = join(folder, "hba.conf");
      writeFileSync(file, "host all postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n", {
        mode: 0o644,
      });
      return ["-c", `hba_file=${file}`];
    },
  });
}

const urlFor = (server: LocalServer, user: string, database = "postgres") =>
  `postgres://${user}@127.0.0.1:${server.port}/${database}`;

/** What the README asks an administrator to do. */
function grants(): string {
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  return /```sql\n([^`]*CREATE ROLE prism[^`]*)```/.exec(readme)![1]!.replace("'PASSWORD'", "'secret'");
}

async function prepared(server: LocalServer): Promise<string> {
  for (const sql of grants()
    .split(";")
    .filter((part) => part.trim() !== ""))
    await runAsAdmin(sql, server.url);
  return urlFor(server, "prism", "prism");
}

/** Initializing a server takes seconds, more on a busy machine. */
const serverTimeoutMs = 60_000;

let strict: LocalServer;
/** It, as the user that the README makes. */
let prismUrl: string;
beforeAll(async () => {
  strict = await startStrict();
  prismUrl = await prepared(strict);
}, serverTimeoutMs);
afterAll(() => strict?.[Symbol.asyncDispose](), serverTimeoutMs);

describe("a PostgreSQL that asks who is there", () => {
  test("lets a user work that has exactly what the README lists, with every pattern", async () => {
    await using opened = await openBackend({ url: prismUrl, password: "secret" });
    const { keyValue, pubSub, queue, stream } = await bindAll(opened);
    await keyValue.set({ key: "k", value }, call);
    expect((await queue.send([{ message: messageWith("m"), delayMs: 0 }], call))[0]!.ok).toBe(true);
    expect((await stream.append([messageWith("m")], call))[0]!.ok).toBe(true);
    expect((await pubSub.publish("t", [messageWith("m")], call))[0]!.ok).toBe(true);
    const sql = await opened.backend.relational.bind(binding);
    await sql.pattern.execute(statement("CREATE TABLE t (n int)"), call);
    await sql.close?.();
    expect(await opened.backend.relational.deleteData("n")).toHaveLength(1);
    expect(opened.health).toEqual([{ reachable: true }]);
  });

  test("takes a relational namespace in again whose SQL has changed its role's password", async () => {
    await using opened = await openBackend({ url: prismUrl, password: "secret", pool_size: 2 });
    const { pattern, close } = await opened.backend.relational.bind(binding);
    await pattern.execute(statement("ALTER ROLE CURRENT_USER PASSWORD 'mine'"), call);
    // With its only connection taken, the next call needs a new one.
    const transaction = await pattern.begin({ readOnly: false, idleTimeoutMs: 10_000 }, call);
    expect(await pattern.execute(statement("SELECT 1"), call)).toBe(0);
    await transaction.rollback();
    await close?.();
  });

  test.each([
    ["no password", {}],
    ["a wrong password", { password: "wrong" }],
  ])("refuses %s: BACKEND_DENIED, without the password in any message", async (_, login) => {
    await using opened = await openBackend({ url: prismUrl, ...login });
    const failure = await failureOf(opened.backend.keyValue.bind(binding) as Promise<unknown>);
    expect(failure.reason).toBe("BACKEND_DENIED");
    expect(JSON.stringify([failure, failure.message, opened.health])).not.toMatch(/wrong|secret/);
  });

  test("says what is missing to a user who may not make databases and roles", async () => {
    await using server = await startStrict();
    const url = await prepared(server);
    await runAsAdmin("ALTER ROLE prism NOCREATEDB NOCREATEROLE", server.url);
    await using opened = await openBackend({ url, password: "secret" });
    const failure = await failureOf(opened.backend.relational.bind(binding) as Promise<unknown>);
    expect([failure.reason, failure.message.includes("permission denied")]).toEqual(["BACKEND_DENIED", true]);
  });

  test("without the database that url names: INVALID_SETTINGS", async () => {
    await using opened = await openBackend({ url: urlFor(strict, "postgres", "nowhere") });
    const failure = await failureOf(opened.backend.keyValue.bind(binding) as Promise<unknown>);
    expect([failure.reason, failure.message.includes("nowhere")]).toEqual(["INVALID_SETTINGS", true]);
  });
});

describe("a PostgreSQL behind TLS", () => {
  const openssl = (folder: string, ...args: string[]) => execFileSync("openssl", args, { cwd: folder, stdio: "pipe" });

  /** A CA, a server certificate for localhost and one for the plugin. */
  function certificates(folder: string): readonly string[] {
    const key = ["-newkey", "rsa:2048", "-nodes"];
    openssl(
      folder,
      "req",
      "-x509",
      ...key,
      "-keyout",
      "ca.key",
      "-out",
      "ca.pem",
      "-days",
      "2",
      "-subj",
      "/CN=test ca",
    );
    for (const [name, subject] of [
      ["server", "/CN=localhost"],
      ["plugin", "/CN=postgres"],
    ] as const) {
      const names = ["-subj", subject, "-addext", "subjectAltName=DNS:localhost"];
      openssl(folder, "req", ...key, "-keyout", `${name}.key`, "-out", `${name}.csr`, ...names);
      const signed = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-copy_extensions", "copy", "-days", "2"];
      openssl(folder, "x509", "-req", "-in", `${name}.csr`, "-out", `${name}.pem`, ...signed);
    }
    ownKey(join(folder, "server.key"));
    const hba = "hostssl all all 127.0.0.1/32 cert clientcert=verify-full\n";
    writeFileSync(join(folder, "hba.conf"), `${hba}hostnossl all all 127.0.0.1/32 trust\n`, { mode: 0o644 });
    const file = (name: string) => join(folder, name);
    return [
      ["ssl", "on"],
      ["ssl_cert_file", file("server.pem")],
      ["ssl_key_file", file("server.key")],
      ["ssl_ca_file", file("ca.pem")],
      ["hba_file", file("hba.conf")],
    ].flatMap(([name, setting]) => ["-c", `${name}=${setting}`]);
  }

  /** PostgreSQL takes a key that is its own only, and it does not run as root. */
  function ownKey(path: string): void {
    chmodSync(path, 0o600);
    if (process.getuid?.() !== 0) return;
    const lines = readFileSync("/etc/passwd", "utf8")
      .split("\n")
      .map((line) => line.split(":"));
    const account = lines.find(([user]) => user === "postgres") ?? lines.find(([user]) => user === "nobody")!;
    chownSync(path, Number(account[2]), Number(account[3]));
  }

  test("is trusted by its CA, told the plugin's certificate, cancels over TLS, and is refused by who does not know the CA", async () => {
    await using server = await LocalServer.start(postgres, { environment: process.env, arguments: certificates });
    const workingDir = server.folder;
    const url = `postgres://postgres@localhost:${server.port}/postgres`;
    const files = { ca_file: "ca.pem", cert_file: "plugin.pem", key_file: "plugin.key" };
    {
      await using opened = await openBackend({ url, tls: files }, { workingDir });
      const { keyValue } = await bindAll(opened);
      await keyValue.set({ key: "k", value: Buffer.alloc(2 ** 21, "x") }, call);
      expect((await keyValue.get("k"))?.value.length).toBe(2 ** 21);
    }
    for (const [tls, message] of [
      [{ cert_file: "plugin.pem", key_file: "plugin.key" }, "certificate"],
      [{ ...files, server_name: "elsewhere" }, "elsewhere"],
      [{ ca_file: "ca.pem" }, "certificate"],
    ] as const) {
      await using opened = await openBackend({ url, tls }, { workingDir });
      await eventually(() => opened.health.at(-1)?.reachable === false);
      expect(JSON.stringify(opened.health.at(-1))).toContain(message);
    }
  });

  test("is refused by a plugin that wants TLS when it has none", async () => {
    await using opened = await openBackend({ url: strict.url, tls: {} });
    expect(JSON.stringify(opened.health.at(-1))).toContain("does not support SSL");
  });

  test("needs files that can be read and used, and says which cannot", async () => {
    const url = "postgres://postgres@localhost:1/postgres";
    const failure = await failureOf(openBackend({ url, tls: { ca_file: "missing.pem" } }));
    expect([failure.reason, failure.fieldViolations[0]?.field]).toEqual(["INVALID_SETTINGS", "tls.ca_file"]);
  });
});
