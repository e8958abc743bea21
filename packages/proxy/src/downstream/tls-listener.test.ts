import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from "node:tls";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { readTlsFiles, type TlsMaterial } from "../config/tls-files.js";
import { openTlsListener, type TlsListener, type TlsListenerOptions } from "./tls-listener.js";

const spiffeId = "spiffe://acme.org/orders";
let dir: string;
let material: TlsMaterial;
let next: TlsMaterial;
let client: { cert: string; key: string };
let foreign: { cert: string; key: string };
let ca: string;

beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), "prism-tls-"));
  makeCa("ca");
  makeCa("other-ca");
  await makeLeaf("server", "ca", "DNS:localhost");
  await makeLeaf("next", "ca", "DNS:localhost");
  await makeLeaf("client", "ca", `URI:${spiffeId}`);
  await makeLeaf("foreign", "other-ca", `URI:${spiffeId}`);
  [material, next] = [await materialOf("server"), await materialOf("next")];
  [client, foreign] = [await pairOf("client"), await pairOf("foreign")];
  ca = await readFile(path.join(dir, "ca.pem"), "utf8");
});
afterAll(() => rm(dir, { recursive: true }));

const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];

function openssl(...given: string[]): void {
  execFileSync("openssl", given, { cwd: dir, stdio: "ignore" });
}

function makeCa(name: string): void {
  openssl("req", "-x509", ...newKey, "-keyout", `${name}.key`, "-out", `${name}.pem`, "-subj", `/CN=${name}`);
}

async function makeLeaf(name: string, issuer: string, alternativeName: string): Promise<void> {
  await writeFile(path.join(dir, `${name}.ext`), `subjectAltName=${alternativeName}\n`);
  openssl("req", ...newKey, "-keyout", `${name}.key`, "-out", `${name}.csr`, "-subj", `/CN=${name}`);
  const signing = ["-CA", `${issuer}.pem`, "-CAkey", `${issuer}.key`, "-CAcreateserial", "-extfile", `${name}.ext`];
  openssl("x509", "-req", "-in", `${name}.csr`, "-out", `${name}.pem`, ...signing);
}

async function materialOf(name: string): Promise<TlsMaterial> {
  const at = (file: string) => path.join(dir, file);
  const files = { certFile: at(`${name}.pem`), keyFile: at(`${name}.key`), clientCaFile: at("ca.pem") };
  const read = await readTlsFiles(files, Date.now() + 1_000);
  if ("problems" in read) throw new Error(read.problems[0]?.message);
  return read.material;
}

async function pairOf(name: string): Promise<{ cert: string; key: string }> {
  const read = (kind: string) => readFile(path.join(dir, `${name}.${kind}`), "utf8");
  return { cert: await read("pem"), key: await read("key") };
}

/** However it ends. */
function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once("close", () => resolve()));
}

describe("the encrypted listener", () => {
  const opened: { close(): void }[] = [];
  afterEach(() => {
    for (const each of opened.splice(0)) each.close();
  });

  interface Bench {
    readonly listener: TlsListener;
    readonly failures: string[];
    /** The next connection that is handed over. */
    handedOver(): Promise<{ protocol: string; principal: string | undefined; socket: Socket }>;
  }

  async function open(
    clientCertificates: "none" | "request" | "require",
    options: Partial<TlsListenerOptions> = {},
  ): Promise<Bench> {
    const failures: string[] = [];
    let taken = Promise.withResolvers<Awaited<ReturnType<Bench["handedOver"]>>>();
    const take = (protocol: string, socket: Socket, principal: string | undefined) => {
      socket.on("error", () => {});
      taken.resolve({ protocol, principal, socket });
      taken = Promise.withResolvers();
    };
    const listener = await openTlsListener(
      { host: "127.0.0.1", port: 0 },
      {
        onHttp1: (socket, principal) => take("http1", socket, principal),
        onHttp2: (socket, principal) => take("http2", socket, principal),
      },
      {
        policy: { clientCertificates, minVersion: "TLSv1.2" },
        material,
        onHandshakeFailed: (reason) => failures.push(reason),
        ...options,
      },
    );
    opened.push(listener);
    return { listener, failures, handedOver: () => taken.promise };
  }

  function dial({ listener }: Bench, options: ConnectionOptions = {}): TLSSocket {
    const socket = connectTls({ port: listener.port, host: listener.host, ca, servername: "localhost", ...options });
    socket.on("error", () => {}).resume();
    opened.push({ close: () => socket.destroy() });
    return socket;
  }

  test.each([
    ["h2", ["h2"], "http2"],
    ["http/1.1", ["http/1.1"], "http1"],
    ["the better of both", ["http/1.1", "h2"], "http2"],
  ])("hands over by ALPN: %s", async (_, ALPNProtocols, protocol) => {
    const bench = await open("none");
    const handedOver = bench.handedOver();
    dial(bench, { ALPNProtocols });
    expect(await handedOver).toMatchObject({ protocol, principal: undefined });
  });

  test("hands over by the first bytes without ALPN", async () => {
    const bench = await open("none");
    const handedOver = bench.handedOver();
    dial(bench).write("GET / HTTP/1.1\r\n");
    expect(await handedOver).toMatchObject({ protocol: "http1" });
  });

  test.each(["request", "require"] as const)("tells who a verified client is, under %s", async (mode) => {
    const bench = await open(mode);
    const handedOver = bench.handedOver();
    dial(bench, { ALPNProtocols: ["h2"], ...client });
    expect(await handedOver).toMatchObject({ protocol: "http2", principal: spiffeId });
  });

  test.each(["TLSv1.2", "TLSv1.3"] as const)("verifies a client that comes again anew, over %s", async (maxVersion) => {
    const bench = await open("require");
    let session: Buffer | undefined;
    const first = bench.handedOver();
    const socket = dial(bench, { ALPNProtocols: ["h2"], maxVersion, ...client });
    socket.on("session", (offered) => {
      session = offered;
    });
    // What the server sends comes after its tickets.
    (await first).socket.write("hello");
    await once(socket, "data");
    session ??= socket.getSession();
    expect(session).toBeDefined();
    const second = bench.handedOver();
    const again = dial(bench, { ALPNProtocols: ["h2"], maxVersion, ...client, ...(session && { session }) });
    expect(await second).toMatchObject({ principal: spiffeId });
    expect(again.isSessionReused()).toBe(false);
  });

  test("takes a client without a certificate under request, as nobody", async () => {
    const bench = await open("request");
    const handedOver = bench.handedOver();
    dial(bench, { ALPNProtocols: ["h2"] });
    expect(await handedOver).toMatchObject({ principal: undefined });
  });

  test.each([
    ["a foreign certificate under request", "request", () => foreign, "client_certificate"],
    ["a foreign certificate under require", "require", () => foreign, "client_certificate"],
    ["no certificate under require", "require", () => ({}), "no_client_certificate"],
    ["TLS 1.1", "none", () => ({ minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "ALL:@SECLEVEL=0" }), "version"],
    ["a protocol that is not served", "none", () => ({ ALPNProtocols: ["spdy/3"] }), "protocol"],
  ] as const)("closes a connection with %s, and says so", async (_, mode, options, reason) => {
    const bench = await open(mode);
    const socket = dial(bench, { ALPNProtocols: ["h2"], ...options() } as ConnectionOptions);
    await closed(socket);
    await expect.poll(() => bench.failures).toEqual([reason]);
  });

  test.each([
    ["HTTP/1.1", "GET / HTTP/1.1\r\nhost: a\r\n\r\n"],
    ["HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
  ])("ends a connection in plaintext that speaks %s, and says so", async (_, bytes) => {
    const bench = await open("none");
    const socket = connect(bench.listener.port, bench.listener.host);
    socket.on("error", () => {}).resume();
    socket.write(bytes);
    await closed(socket);
    await expect.poll(() => bench.failures).toEqual(["not_tls"]);
  });

  test("cuts a client off that never finishes its handshake, even if it dribbles, and serves others meanwhile", async () => {
    const bench = await open("none", { handshakeTimeoutMs: 200 });
    const slow = connect(bench.listener.port, bench.listener.host);
    slow.on("error", () => {}).resume();
    // The beginning of a ClientHello of 512 bytes, one byte at a time: Node's own clock would begin anew each time.
    slow.write(Buffer.from([22, 3, 1, 2, 0]));
    const dribble = setInterval(() => slow.write(Buffer.from([1])), 20);
    opened.push({ close: () => clearInterval(dribble) });
    const handedOver = bench.handedOver();
    dial(bench, { ALPNProtocols: ["h2"] });
    expect(await handedOver).toMatchObject({ protocol: "http2" });
    await closed(slow);
    await expect.poll(() => bench.failures).toEqual(["timeout"]);
  });

  test("uses another certificate for new connections and leaves the open ones", async () => {
    const bench = await open("none");
    const first = dial(bench, { ALPNProtocols: ["h2"] });
    const { socket } = await bench.handedOver();
    bench.listener.use(next);
    const second = dial(bench, { ALPNProtocols: ["h2"] });
    await once(second, "secureConnect");
    expect(second.getPeerCertificate().subject.CN).toBe("next");
    expect(first.getPeerCertificate().subject.CN).toBe("server");
    first.write("still here");
    expect(String((await once(socket, "data"))[0])).toBe("still here");
  });

  test("closes handshakes under way when it closes", async () => {
    const bench = await open("none");
    const socket = connect(bench.listener.port, bench.listener.host);
    socket.on("error", () => {}).resume();
    await once(socket, "connect");
    socket.write(Buffer.from([22]));
    await new Promise(setImmediate);
    bench.listener.close();
    await closed(socket);
  });
});
