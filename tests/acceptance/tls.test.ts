import { writeFile } from "node:fs/promises";
import { type ClientHttp2Session, connect as connectHttp2 } from "node:http2";
import { get as getHttps } from "node:https";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { configOf, memory, namespaceOn } from "./backends.ts";
import { inHours, type LeafRequest, TestAuthority } from "./certificates.ts";
import { eventually } from "./eventually.ts";
import { runCommand, runPrism } from "./prism-command.ts";
import { PrismProcess } from "./prism-process.ts";
import { repositoryRoot, toolchainFolder } from "./repository.ts";
import { createTemporaryFolder, type TemporaryFolder } from "./temporary-folder.ts";

const localNames = ["localhost", "127.0.0.1"];
const appId = "spiffe://acme.org/orders";

let certs: TemporaryFolder;
let ca: TestAuthority;
let foreignCa: TestAuthority;
const at = (name: string) => join(certs.path, name);

async function write(name: string, authority: TestAuthority, request: LeafRequest): Promise<void> {
  const { cert, key } = await authority.issue(request);
  await writeFile(at(`${name}.pem`), cert);
  await writeFile(at(`${name}.key`), key);
}

beforeAll(async () => {
  certs = await createTemporaryFolder();
  [ca, foreignCa] = await Promise.all([TestAuthority.make("test CA"), TestAuthority.make("foreign CA")]);
  await writeFile(at("ca.pem"), ca.pem);
  await writeFile(at("foreign-ca.pem"), foreignCa.pem);
  await write("server", ca, { names: localNames });
  await write("wrong-host", ca, { names: ["elsewhere.example"] });
  await write("expired", ca, { names: [...localNames, appId], notBefore: inHours(-2), notAfter: inHours(-1) });
  await write("future", ca, { names: [...localNames, appId], notBefore: inHours(1) });
  await write("app", ca, { names: [appId] });
  await write("foreign", foreignCa, { names: [appId] });
});
afterAll(() => certs[Symbol.asyncDispose]());

function tlsConfig(tls: object = {}) {
  return configOf([memory], { tls: { cert_file: at("server.pem"), key_file: at("server.key"), ...tls } });
}

const mutual = () => ({ client_ca_file: at("ca.pem"), client_certificates: "require" });

/** Whom a client trusts and what it shows. */
interface Credentials {
  readonly trust?: string;
  readonly show?: string;
}

/** Makes one call with the client; whether it was answered. */
type Client = (address: string, credentials?: Credentials) => Promise<boolean>;

function pemFiles({ trust = "ca", show }: Credentials = {}) {
  return { ca: at(`${trust}.pem`), own: show === undefined ? [] : [at(`${show}.pem`), at(`${show}.key`)] };
}

const python: Client = async (address, credentials) => {
  const { ca, own } = pemFiles(credentials);
  const script = `${repositoryRoot}/tests/acceptance/clients/python/tls_client.py`;
  return (await runCommand(`${toolchainFolder}/python/bin/python`, [script, address, ca, ...own])).code === 0;
};

const go: Client = async (address, credentials) => {
  const { ca, own } = pemFiles(credentials);
  const shown = own.length === 0 ? [] : ["-cert", own[0] ?? "", "-key", own[1] ?? ""];
  const given = ["-cacert", ca, ...shown, "-connect-timeout", "5", address, "grpc.health.v1.Health/Check"];
  return (await runCommand(`${toolchainFolder}/bin/grpcurl`, given)).code === 0;
};

function curl(version: string): Client {
  return async (address, credentials) => {
    const { ca, own } = pemFiles(credentials);
    const shown = own.length === 0 ? [] : ["--cert", own[0] ?? "", "--key", own[1] ?? ""];
    const given = ["-s", `--http${version}`, "--cacert", ca, ...shown, "-w", "%{http_version}", `https://${address}/`];
    const { code, stdout } = await runCommand("curl", given);
    return code === 0 && stdout.toString().endsWith(version);
  };
}

const cli: Client = async (address, credentials) => {
  const { ca, own } = pemFiles(credentials);
  const shown = own.length === 0 ? [] : ["--cert-file", own[0] ?? "", "--key-file", own[1] ?? ""];
  const given = ["kv", "set", namespaceOn(memory), "k", "v", "--server", address, "--ca-file", ca, ...shown];
  return (await runPrism(given)).code === 0;
};

const clients: [string, Client][] = [
  ["grpcio", python],
  ["grpc-go", go],
  ["curl over HTTP/2", curl("2")],
  ["curl over HTTP/1.1", curl("1.1")],
  ["prism kv", cli],
];

async function metric(prism: PrismProcess, line: string): Promise<number> {
  const text = await (await fetch(`http://${prism.admin}/metrics`)).text();
  const found = text.split("\n").find((each) => each.startsWith(`${line} `));
  return Number(found?.split(" ").at(-1) ?? 0);
}

async function readiness(prism: PrismProcess): Promise<string> {
  return await (await fetch(`http://${prism.admin}/readyz?verbose`)).text();
}

function portOf(prism: PrismProcess): number {
  return Number(prism.listen.split(":").at(-1));
}

/** However it ends. */
function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) =>
    socket
      .on("error", () => {})
      .resume()
      .once("close", () => resolve()),
  );
}

describe("with a certificate of its own", () => {
  let prism: PrismProcess;
  beforeAll(async () => {
    prism = await PrismProcess.start({ config: tlsConfig() });
  });
  afterAll(() => prism[Symbol.asyncDispose]());

  test.each(clients)("%s is served when it trusts the CA, and not when it trusts another", async (_, client) => {
    expect(await client(prism.listen)).toBe(true);
    expect(await client(prism.listen, { trust: "foreign-ca" })).toBe(false);
  });

  test("a client in plaintext comes to an end and is counted", async () => {
    const line = 'prism_tls_handshake_failures_total{reason="not_tls"}';
    const before = await metric(prism, line);
    for (const bytes of ["GET / HTTP/1.1\r\nhost: a\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"]) {
      const socket = connect(portOf(prism), "127.0.0.1");
      socket.write(bytes);
      await closed(socket);
    }
    await eventually("both counted", 5_000, async () => (await metric(prism, line)) === before + 2);
  });

  test("TLS 1.1 is refused", async () => {
    const old = { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "ALL:@SECLEVEL=0" } as const;
    const socket = connectTls({ port: portOf(prism), host: "127.0.0.1", ca: ca.pem, ...old });
    let isSecure = false;
    socket.once("secureConnect", () => {
      isSecure = true;
    });
    await closed(socket);
    expect(isSecure).toBe(false);
    expect(await metric(prism, 'prism_tls_handshake_failures_total{reason="version"}')).toBe(1);
  });

  test("clients that never finish their handshake are cut off, and others are served meanwhile", async () => {
    const slow = Array.from({ length: 50 }, () => connect(portOf(prism), "127.0.0.1"));
    const cutOff = Promise.all(slow.map(closed));
    for (const socket of slow) socket.write(Buffer.from([22, 3, 1, 2, 0]));
    expect(await python(prism.listen)).toBe(true);
    await cutOff;
    await eventually(
      "all counted",
      5_000,
      async () => (await metric(prism, 'prism_tls_handshake_failures_total{reason="timeout"}')) >= slow.length,
    );
  });

  test("readiness and a metric say when the certificate ends", async () => {
    expect(await readiness(prism)).toMatch(/^\[\+\]tls certificate valid until 20/m);
    const expires = await metric(prism, 'prism_tls_certificate_expiry_timestamp_seconds{kind="server"}');
    expect(Math.abs(expires * 1000 - inHours(24).getTime())).toBeLessThan(3_600_000);
  });
});

describe("with a certificate of another host", () => {
  let prism: PrismProcess;
  beforeAll(async () => {
    const config = tlsConfig({ cert_file: at("wrong-host.pem"), key_file: at("wrong-host.key") });
    prism = await PrismProcess.start({ config });
  });
  afterAll(() => prism[Symbol.asyncDispose]());

  test.each(clients)("%s is not served", async (_, client) => {
    expect(await client(prism.listen)).toBe(false);
  });
});

test.each([
  ["expired", /tls\.cert_file: .*expired on 20/],
  ["future", /tls\.cert_file: .*not valid before 20/],
])("a certificate that is %s is a problem of the configuration", async (name, problem) => {
  const config = tlsConfig({ cert_file: at(`${name}.pem`), key_file: at(`${name}.key`) });
  await using prism = await PrismProcess.launch({ config });
  expect((await prism.ended).code).toBe(2);
  expect(prism.stderr).toMatch(problem);
});

test("an address that other machines reach needs TLS", async () => {
  await using prism = await PrismProcess.launch({ config: configOf([memory], { listen: "0.0.0.0:0" }) });
  expect((await prism.ended).code).toBe(2);
  expect(prism.stderr).toMatch(/listen: .*configure tls .*allow_plaintext/);
});

describe("with client certificates required", () => {
  let prism: PrismProcess;
  beforeAll(async () => {
    prism = await PrismProcess.start({ config: tlsConfig(mutual()) });
  });
  afterAll(() => prism[Symbol.asyncDispose]());

  test.each(clients)(
    "%s is served with a certificate of the CA and refused with any other, or none",
    async (_, client) => {
      expect(await client(prism.listen, { show: "app" })).toBe(true);
      for (const show of [undefined, "foreign", "expired", "future"]) {
        expect({ show, served: await client(prism.listen, { ...(show && { show }) }) }).toEqual({
          show,
          served: false,
        });
      }
    },
  );
});

describe("when the files change", () => {
  /** The certificate that a new connection is shown. */
  async function serial(prism: PrismProcess): Promise<string> {
    const socket: TLSSocket = connectTls({ port: portOf(prism), host: "127.0.0.1", ca: ca.pem });
    await new Promise((resolve, reject) => socket.once("secureConnect", resolve).once("error", reject));
    const { serialNumber } = socket.getPeerCertificate();
    socket.destroy();
    return serialNumber;
  }

  function callOn(session: ClientHttp2Session): Promise<number> {
    return new Promise((resolve, reject) => {
      const headers = { ":method": "POST", ":path": "/prism.keyvalue.v1.KeyValueService/Get" };
      const stream = session.request({ ...headers, "content-type": "application/json" });
      stream
        .once("response", (answer) => resolve(Number(answer[":status"])))
        .once("error", reject)
        .resume();
      stream.end(JSON.stringify({ namespace: namespaceOn(memory), key: "k" }));
    });
  }

  function callOnNewConnection(prism: PrismProcess): Promise<number> {
    return new Promise((resolve, reject) => {
      const options = { port: portOf(prism), host: "127.0.0.1", ca: ca.pem, agent: false };
      getHttps(options, (answer) => resolve(answer.resume().statusCode ?? 0)).once("error", reject);
    });
  }

  test("new connections get the new certificate, and no call fails on any", async () => {
    await write("rotating", ca, { names: localNames });
    const files = { cert_file: at("rotating.pem"), key_file: at("rotating.key") };
    await using prism = await PrismProcess.start({ config: tlsConfig(files) });
    const session = connectHttp2(`https://${prism.listen}`, { ca: ca.pem });
    const answers: number[] = [];
    let isOver = false;
    const load = [() => callOn(session), () => callOnNewConnection(prism)].map(async (call) => {
      while (!isOver) answers.push(await call());
    });
    const seen = new Set([await serial(prism)]);
    for (let round = 1; round <= 3; round++) {
      await write("rotating", ca, { names: localNames });
      await eventually("another certificate", 10_000, async () => seen.size < seen.add(await serial(prism)).size);
    }
    isOver = true;
    await Promise.all(load);
    // The session is still open: it is told to go, and goes.
    expect(await prism.stop()).toEqual({ code: 0, signal: null });
    expect(seen.size).toBe(4);
    expect(answers.length).toBeGreaterThan(20);
    expect(answers.filter((status) => status !== 200)).toEqual([]);
  });

  test("files that cannot be used change nothing, and log, metric and readiness say so until they can", async () => {
    await write("breaking", ca, { names: localNames });
    const files = { cert_file: at("breaking.pem"), key_file: at("breaking.key") };
    await using prism = await PrismProcess.start({ config: tlsConfig(files) });
    const before = await serial(prism);
    await writeFile(at("breaking.pem"), "not a certificate");
    await eventually(
      "the refusal",
      10_000,
      async () => (await metric(prism, 'prism_tls_reloads_total{result="rejected"}')) > 0,
    );
    expect(await serial(prism)).toBe(before);
    expect(await readiness(prism)).toMatch(/^\[-\]tls files: .*tls\.cert_file: .*does not hold certificates/m);
    expect(prism.log.map(({ msg }) => msg)).toContain("certificates refused; the last good ones serve");
    await write("breaking", ca, { names: localNames });
    await eventually("another certificate", 10_000, async () => (await serial(prism)) !== before);
    expect(await readiness(prism)).not.toMatch(/tls files/);
  });

  test("another client CA decides over new connections", async () => {
    await writeFile(at("client-ca.pem"), ca.pem);
    const config = tlsConfig({ ...mutual(), client_ca_file: at("client-ca.pem") });
    await using prism = await PrismProcess.start({ config });
    expect(await go(prism.listen, { show: "foreign" })).toBe(false);
    await writeFile(at("client-ca.pem"), foreignCa.pem);
    await eventually("the foreign CA", 10_000, () => go(prism.listen, { show: "foreign" }));
    expect(await go(prism.listen, { show: "app" })).toBe(false);
  });
});

test("prism certs makes what a proxy and its clients need, readable by its owner only", async () => {
  await using folder = await createTemporaryFolder();
  const made = await runPrism(["certs", "--json"], { folder: folder.path });
  expect(made).toMatchObject({ code: 0, stderr: "" });
  const file = (name: string) => join(folder.path, "certs", name);
  const modes = await runCommand("stat", ["-c", "%a", file("ca.key"), file("server.key"), file("client.key")]);
  expect(modes.stdout.toString().trim().split("\n")).toEqual(["600", "600", "600"]);
  expect(await runPrism(["certs"], { folder: folder.path })).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/ca\.pem is there already; --force overwrites it/),
  });
  expect((await runPrism(["certs", "--force"], { folder: folder.path })).code).toBe(0);
  const tls = { cert_file: "certs/server.pem", key_file: "certs/server.key", client_ca_file: "certs/ca.pem" };
  const config = configOf([memory], { tls: { ...tls, client_certificates: "require" } });
  await using prism = await PrismProcess.start({ config, folder: folder.path });
  const given = [
    "kv",
    "set",
    namespaceOn(memory),
    "k",
    "v",
    "--server",
    prism.listen.replace("127.0.0.1", "localhost"),
  ];
  const own = ["--ca-file", file("ca.pem"), "--cert-file", file("client.pem"), "--key-file", file("client.key")];
  expect(await runPrism([...given, ...own])).toMatchObject({ code: 0, stderr: "" });
});
