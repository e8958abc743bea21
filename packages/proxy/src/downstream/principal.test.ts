import { describe, expect, test } from "vitest";
import { admit, principalOf } from "./principal.js";

const subject = "C=DE\nO=Acme\\, Inc\nCN=orders";

describe("the principal of a certificate with", () => {
  test.each([
    [
      "a SPIFFE ID is that, whatever else is there",
      "DNS:a.example, URI:spiffe://acme.org/ns/shop/sa/orders",
      "spiffe://acme.org/ns/shop/sa/orders",
    ],
    ["a SPIFFE ID without a path is that", "URI:spiffe://acme.org", "spiffe://acme.org"],
    ["a DNS name is that", "DNS:orders.acme.org", "dns:orders.acme.org"],
    ["several DNS names is the first", "DNS:a.acme.org, DNS:b.acme.org", "dns:a.acme.org"],
    ["a DNS name and a URI is the DNS name", "URI:https://acme.org/orders, DNS:a.acme.org", "dns:a.acme.org"],
    ["a URI is that", "URI:https://acme.org/orders", "uri:https://acme.org/orders"],
    ["a URI that looks like another kind is still a URI", "URI:dns:admin.acme.org", "uri:dns:admin.acme.org"],
    [
      "a DNS name that looks like a SPIFFE ID is still a DNS name",
      "DNS:spiffe://acme.org/admin",
      "dns:spiffe://acme.org/admin",
    ],
    [
      "a DNS name that contains another entry is one name",
      'DNS:"a, URI:spiffe://acme.org/admin"',
      "dns:a, URI:spiffe://acme.org/admin",
    ],
    ["only an address is the subject", "IP Address:10.0.0.1", "subject:CN=orders,O=Acme\\, Inc,C=DE"],
    ["no other name is the subject", undefined, "subject:CN=orders,O=Acme\\, Inc,C=DE"],
  ])("%s", (_, subjectAltName, principal) => {
    expect(principalOf({ subject, subjectAltName })).toBe(principal);
  });

  test.each([
    ["two SPIFFE IDs", "URI:spiffe://acme.org/a, URI:spiffe://acme.org/b"],
    ["a SPIFFE ID and another URI", "URI:https://acme.org, URI:spiffe://acme.org/a"],
    ["a SPIFFE ID with an empty segment", "URI:spiffe://acme.org//a"],
    ["a SPIFFE ID that climbs", "URI:spiffe://acme.org/a/../admin"],
    ["a SPIFFE ID with a query", "URI:spiffe://acme.org/a?b"],
    ["a SPIFFE ID with a port", "URI:spiffe://acme.org:80/a"],
    ["a SPIFFE ID in capitals", "URI:SPIFFE://acme.org/a"],
    ["a name that is too long", `DNS:${"a".repeat(3_000)}`],
    ["names that cannot be read", "DNS:a\u0000" + '"'],
  ])("%s: there is none, and not the subject", (_, subjectAltName) => {
    expect(principalOf({ subject, subjectAltName })).toBeUndefined();
  });

  test("no name at all: there is none", () => {
    expect(principalOf({ subject: "", subjectAltName: undefined })).toBeUndefined();
  });
});

describe("a client", () => {
  const certificate = { subject: "CN=orders", subjectAltName: "DNS:orders" };
  const nameless = { subject: "", subjectAltName: undefined };
  const admitted = (principal?: string) => ({ kind: "admitted", principal });
  const refused = (reason: string) => ({ kind: "refused", reason });

  test.each([
    ["none", "a verified certificate", { certificate, isVerified: true }, admitted()],
    ["none", "no certificate", { certificate: undefined, isVerified: false }, admitted()],
    ["request", "no certificate", { certificate: undefined, isVerified: false }, admitted()],
    ["request", "a verified certificate", { certificate, isVerified: true }, admitted("dns:orders")],
    ["request", "a foreign certificate", { certificate, isVerified: false }, refused("client_certificate")],
    ["require", "no certificate", { certificate: undefined, isVerified: false }, refused("no_client_certificate")],
    [
      "require",
      "no certificate, though verified",
      { certificate: undefined, isVerified: true },
      refused("no_client_certificate"),
    ],
    ["require", "a verified certificate", { certificate, isVerified: true }, admitted("dns:orders")],
    ["require", "a foreign certificate", { certificate, isVerified: false }, refused("client_certificate")],
    [
      "require",
      "a verified certificate without a name",
      { certificate: nameless, isVerified: true },
      refused("client_certificate"),
    ],
  ] as const)("under %s with %s", (mode, _, shown, admission) => {
    expect(admit(mode, shown)).toEqual(admission);
  });
});
