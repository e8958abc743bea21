import { execFileSync } from "node:child_process";
import { chownSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { accountWithoutPrivileges, LocalServer, postgres } from "@prism-data/local-servers";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openControlState, type PostgresLocation, type Write } from "../index.js";

const put: Write = { kind: "put", name: "a", entry: { pattern: "queue" }, etag: undefined };

/** A CA, a certificate for a server that is called localhost, and one for the user `certified`. */
function makeCertificates(folder: string): void {
  const openssl = (command: string) => execFileSync("openssl", command.split(" "), { cwd: folder, stdio: "pipe" });
  const key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
  openssl(`req -x509 ${key} -keyout ca.key -out ca.pem -days 2 -subj /CN=ca`);
  for (const name of ["localhost", "certified"]) {
    openssl(`req ${key} -keyout ${name}.key -out ${name}.csr -subj /CN=${name} -addext subjectAltName=DNS:${name}`);
    openssl(`x509 -req -in ${name}.csr -out ${name}.pem -CA ca.pem -CAkey ca.key -copy_extensions copy -days 2`);
  }
}

/** Its administrator needs nothing without TLS; with TLS one user needs a password, and one a certificate. */
function strictly(folder: string, account: { readonly uid: number; readonly gid: number } | undefined) {
  makeCertificates(folder);
  const file = (name: string) => join(folder, name);
  // PostgreSQL takes a key that is its own only.
  if (account !== undefined) chownSync(file("localhost.key"), account.uid, account.gid);
  const rules = [
    "hostnossl all postgres 127.0.0.1/32 trust",
    "hostssl all prism 127.0.0.1/32 scram-sha-256",
    "hostssl all certified 127.0.0.1/32 cert",
  ];
  writeFileSync(file("hba.conf"), `${rules.join("\n")}\n`, { mode: 0o644 });
  const settings = {
    ssl: "on",
    ssl_cert_file: file("localhost.pem"),
    ssl_key_file: file("localhost.key"),
    ssl_ca_file: file("ca.pem"),
    hba_file: file("hba.conf"),
  };
  return Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
}

describe("a PostgreSQL that asks who is there, behind TLS", () => {
  let server: LocalServer;

  beforeAll(async () => {
    const account = await accountWithoutPrivileges();
    const strict = (folder: string) => strictly(folder, account);
    server = await LocalServer.start(postgres, { environment: process.env, arguments: strict });
    const admin = new Client(server.url);
    await admin.connect();
    for (const user of ["prism", "certified"]) {
      await admin.query(`CREATE ROLE ${user} LOGIN PASSWORD 'secret'; GRANT CREATE ON DATABASE postgres TO ${user}`);
    }
    await admin.end();
  }, 60_000);

  afterAll(() => server?.[Symbol.asyncDispose]());

  const inFolder = (name: string) => join(server.folder, name);

  function locationOf(user: string, more: Partial<PostgresLocation>): PostgresLocation {
    const url = `postgres://${user}@127.0.0.1:${server.port}/postgres`;
    return { kind: "postgres", url, schema: `of_${user}`, password: undefined, tls: trusting(), ...more };
  }

  const trusting = (more: Partial<PostgresLocation["tls"]> = {}) => ({
    caFile: inFolder("ca.pem"),
    certFile: undefined,
    keyFile: undefined,
    serverName: "localhost",
    ...more,
  });

  const secret = (password: string) => ({ reveal: () => password });

  async function open(location: PostgresLocation) {
    return await openControlState(location, { log: { info() {}, warn() {} }, now: Date.now });
  }

  test("lets a user in who has a password, and may make a schema and nothing else", async () => {
    await using state = await open(locationOf("prism", { password: secret("secret") }));
    expect(state.reachability).toEqual({ isReachable: true });
    await state.write([put]);
    expect((await state.read()).namespaces).toHaveLength(1);
  });

  test("lets a user in who has a certificate", async () => {
    const own = { certFile: inFolder("certified.pem"), keyFile: inFolder("certified.key") };
    await using state = await open(locationOf("certified", { tls: trusting(own) }));
    await state.write([put]);
  });

  test.each<[string, () => Partial<PostgresLocation>, string]>([
    ["without TLS", () => ({ tls: undefined }), "no pg_hba.conf entry"],
    ["when it does not know the CA", () => ({ tls: trusting({ caFile: undefined }) }), "certificate"],
    ["when the server has another name", () => ({ tls: trusting({ serverName: undefined }) }), "127.0.0.1"],
    ["when a file is missing", () => ({ tls: trusting({ caFile: "/missing.pem" }) }), "/missing.pem"],
    ["with a wrong password", () => ({ password: secret("wr0ng") }), "password authentication failed"],
    ["without a password", () => ({ password: undefined }), "password"],
    [
      "without the database that url names",
      () => ({ url: locationOf("prism", {}).url.replace(/postgres$/, "none") }),
      '"none"',
    ],
  ])("is not reached %s, and why is said", async (_, more, why) => {
    await using state = await open(locationOf("prism", { password: secret("secret"), ...more() }));
    expect(state.reachability).toMatchObject({ isReachable: false, why: expect.stringContaining(why) });
    expect(JSON.stringify(state.reachability)).not.toMatch(/wr0ng|secret/);
    await expect(state.read()).rejects.toThrow(why);
  });
});
