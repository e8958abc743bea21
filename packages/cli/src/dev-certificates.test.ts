import { createPrivateKey, X509Certificate } from "node:crypto";
import { expect, test } from "vitest";
import { makeDevCertificates } from "./dev-certificates.js";

const dayMs = 86_400_000;
const nowMs = Date.UTC(2026, 0, 1);

test("certificates for development name what they are for, and end when they should", async () => {
  const made = await makeDevCertificates({
    hosts: ["prism.test", "10.0.0.7"],
    spiffeId: "spiffe://acme.org/dev",
    days: 7,
    nowMs,
  });
  const [ca, server, client] = [made.ca, made.server, made.client].map(({ cert, key }) => {
    const certificate = new X509Certificate(cert);
    expect(certificate.checkPrivateKey(createPrivateKey(key))).toBe(true);
    expect(certificate.validToDate.getTime()).toBe(nowMs + 7 * dayMs);
    return certificate;
  });
  if (ca === undefined || server === undefined || client === undefined) throw new Error("three were made");
  expect([ca.ca, server.ca, client.ca]).toEqual([true, false, false]);
  for (const leaf of [server, client]) {
    expect(leaf.checkIssued(ca)).toBe(true);
    expect(leaf.verify(ca.publicKey)).toBe(true);
  }
  expect(server.subjectAltName).toBe(
    "DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1, DNS:prism.test, IP Address:10.0.0.7",
  );
  expect(client.subjectAltName).toBe("URI:spiffe://acme.org/dev");
});

test("no two CAs share a key or a serial number", async () => {
  const options = { hosts: [], spiffeId: "spiffe://acme.org/dev", days: 1, nowMs };
  const [first, second] = await Promise.all([makeDevCertificates(options), makeDevCertificates(options)]);
  expect(first.ca.key).not.toBe(second.ca.key);
  const serials = [first, second].map(({ server }) => new X509Certificate(server.cert).serialNumber);
  expect(new Set(serials).size).toBe(2);
});
