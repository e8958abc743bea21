import { describe, expect, test } from "vitest";
import { readyBanner, readyLine } from "./ready-banner.js";

const proxy = {
  listen: "127.0.0.1:8980",
  admin: "127.0.0.1:8981",
  pid: 1234,
  tls: false,
  file: "/srv/prism.yaml",
  command: "bin/prism",
  namespaces: [
    { name: "broken", pattern: "key-value", backend: "cache", state: "pending" },
    { name: "it's", pattern: "key-value", backend: "memory", state: "bound" },
  ],
};

test("the line for programs is exactly the one of the outside contract", () => {
  expect(readyLine(proxy)).toBe('{"ready":true,"listen":"127.0.0.1:8980","admin":"127.0.0.1:8981","pid":1234}\n');
});

describe("the banner", () => {
  test("lists the namespaces with their states", () => {
    expect(readyBanner(proxy)).toMatch(/broken +key-value +cache +pending\n +it's +key-value +memory +bound\n/);
  });

  test("says when apps need TLS, and has no lines to paste then", () => {
    const banner = readyBanner({ ...proxy, tls: true });
    expect(banner).toContain("gRPC and HTTP/JSON, over TLS");
    expect(banner).not.toContain("Try:");
  });

  test("has lines to paste for the first namespace that serves, quoted for the shell", () => {
    const lines = readyBanner(proxy)
      .split("\n")
      .map((line) => line.trim());
    expect(lines).toContain("bin/prism kv set 'it'\\''s' hello world");
    expect(lines).toContainEqual(expect.stringMatching(/^curl -d '\{"namespace":"it'\\''s","key":"hello"\}' .*8980\//));
    expect(lines).toContainEqual(expect.stringMatching(/^grpcurl -plaintext -d .* 127\.0\.0\.1:8980 /));
  });

  test("names the proxy where it is not the default one", () => {
    expect(readyBanner({ ...proxy, listen: "127.0.0.1:9000" })).toContain("hello world --server 127.0.0.1:9000");
  });

  test("has lines to paste for a stream where that serves first", () => {
    const namespaces = [{ name: "log", pattern: "stream", backend: "memory", state: "bound" }, ...proxy.namespaces];
    expect(readyBanner({ ...proxy, namespaces })).toContain("bin/prism stream append log hello\n");
  });

  test("has lines to paste for pub-sub where that serves first", () => {
    const namespaces = [{ name: "events", pattern: "pub-sub", backend: "memory", state: "bound" }];
    expect(readyBanner({ ...proxy, namespaces })).toContain("bin/prism pubsub publish events hello world\n");
  });

  test("has lines to paste for a queue where that serves first", () => {
    const namespaces = [{ name: "jobs", pattern: "queue", backend: "memory", state: "bound" }, ...proxy.namespaces];
    expect(readyBanner({ ...proxy, namespaces })).toContain("bin/prism queue send jobs hello\n");
  });

  test("has nothing to paste when nothing serves", () => {
    expect(readyBanner({ ...proxy, namespaces: [] })).not.toContain("curl");
  });
});
