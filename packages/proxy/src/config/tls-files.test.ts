import { execFileSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadConfig } from "./load.js";
import { ConfigError } from "./problem.js";
import { readTlsFiles } from "./tls-files.js";

const dayMs = 86_400_000;
let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), "prism-tls-"));
  for (const [name, ca] of [
    ["own", "FALSE"],
    ["ca", "TRUE"],
  ]) {
    const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
    const files = ["-keyout", `${name}.key`, "-out", `${name}.pem`];
    const more = ["-subj", `/CN=${name}`, "-days", "10", "-addext", `basicConstraints=critical,CA:${ca}`];
    execFileSync("openssl", ["req", "-x509", ...curve, ...files, ...more], { cwd: dir, stdio: "ignore" });
  }
  await writeFile(path.join(dir, "junk.pem"), "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
});
afterAll(() => rm(dir, { recursive: true }));

const at = (name: string) => path.join(dir, name);

async function read(files: { cert?: string; key?: string; ca?: string }, afterMs = 0) {
  const { cert = "own.pem", key = "own.key", ca } = files;
  const clientCaFile = ca === undefined ? undefined : at(ca);
  return await readTlsFiles({ certFile: at(cert), keyFile: at(key), clientCaFile }, Date.now() + afterMs);
}

describe("the files of TLS", () => {
  test("that fit each other can be used, and say when they end", async () => {
    const result = await read({ ca: "ca.pem" });
    const inTenDays = Date.now() + 10 * dayMs;
    if (!("material" in result)) throw new Error(result.problems[0]?.message);
    expect(Math.abs(result.material.certExpiresMs - inTenDays)).toBeLessThan(dayMs);
    expect(Math.abs((result.material.clientCaExpiresMs ?? 0) - inTenDays)).toBeLessThan(dayMs);
  });

  test.each([
    ["a certificate that is not there", { cert: "none.pem" }, 0, "cert_file", /cannot read .*none\.pem \(ENOENT\)/],
    ["a certificate that is none", { cert: "junk.pem" }, 0, "cert_file", /does not hold certificates as PEM/],
    ["a key in place of the certificate", { cert: "own.key" }, 0, "cert_file", /does not hold certificates as PEM/],
    ["a certificate that has expired", {}, 11 * dayMs, "cert_file", /own\.pem expired on 20/],
    ["a certificate that is not yet valid", {}, -dayMs, "cert_file", /own\.pem is not valid before 20/],
    ["a key that is not there", { key: "none.key" }, 0, "key_file", /cannot read .*none\.key \(ENOENT\)/],
    ["a key that is none", { key: "own.pem" }, 0, "key_file", /does not hold a private key/],
    ["another certificate's key", { key: "ca.key" }, 0, "key_file", /ca\.key is not the key of the certificate in/],
    ["client CAs that are not there", { ca: "none.pem" }, 0, "client_ca_file", /cannot read/],
    ["client CAs that are no CAs", { ca: "own.pem" }, 0, "client_ca_file", /has a certificate that is no CA's/],
  ] as const)("with %s are refused with the reason", async (_, files, afterMs, option, message) => {
    expect(await read(files, afterMs)).toEqual({ problems: [{ option, message: expect.stringMatching(message) }] });
  });
});

describe("a configuration", () => {
  async function problemsOf(text: string): Promise<string[]> {
    await writeFile(at("prism.yaml"), text);
    try {
      await loadConfig({ workingDir: dir, environment: {}, shippedPluginBases: [] });
      return [];
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      return error.problems.map((problem) => `${problem.path}: ${problem.message}`);
    }
  }

  test.each([
    ["tls", "tls: { cert_file: own.pem, key_file: own.key }"],
    ["tls on every address", "listen: 0.0.0.0:1\ntls: { cert_file: own.pem, key_file: own.key }"],
    [
      "client certificates",
      "tls: { cert_file: own.pem, key_file: own.key, client_ca_file: ca.pem, client_certificates: require }",
    ],
    ["no tls on the loopback", "listen: 127.0.0.2:1"],
    ["no tls on every address when that is said to be right", "listen: 0.0.0.0:1\nallow_plaintext: true"],
  ])("may have %s", async (_, text) => {
    expect(await problemsOf(text)).toEqual([]);
  });

  test.each([
    [
      "no tls where others can connect",
      "listen: 0.0.0.0:1",
      /^listen: other machines can reach .* configure tls .* or set allow_plaintext: true/,
    ],
    ["no key", "tls: { cert_file: own.pem }", /^tls\.key_file: is required$/],
    ["no certificate", "tls: { key_file: own.key }", /^tls\.cert_file: is required$/],
    ["files that do not fit", "tls: { cert_file: own.pem, key_file: ca.key }", /^tls\.key_file: .* is not the key/],
    [
      "client certificates that nobody vouches for",
      "tls: { cert_file: own.pem, key_file: own.key, client_certificates: require }",
      /^tls\.client_certificates: needs client_ca_file/,
    ],
    [
      "CAs that nobody is checked against",
      "tls: { cert_file: own.pem, key_file: own.key, client_ca_file: ca.pem }",
      /^tls\.client_ca_file: is of no use unless/,
    ],
    [
      "an old TLS",
      "tls: { cert_file: own.pem, key_file: own.key, min_version: TLSv1.1 }",
      /^tls\.min_version: must be one of TLSv1\.2, TLSv1\.3$/,
    ],
    [
      "an unknown key",
      "tls: { cert_file: own.pem, key_file: own.key, ca_file: ca.pem }",
      /^tls\.ca_file: is not a known key/,
    ],
  ])("may not have %s", async (_, text, problem) => {
    expect(await problemsOf(text)).toEqual([expect.stringMatching(problem)]);
  });
});
