import { describe, expect, test } from "vitest";
import { endpointOf, settingsSchema } from "./config.js";

const url = "redis://127.0.0.1";
const pathsOf = (settings: unknown) =>
  settingsSchema.safeParse(settings).error?.issues.map(({ path }) => path.join(".")) ?? [];

describe("settings", () => {
  test("have defaults for all but url", () => {
    expect(settingsSchema.parse({ url })).toEqual({
      url,
      connect_timeout: 2_000,
      command_timeout: 2_000,
      key_prefix: "prism",
    });
  });

  test.each([
    [{ url, connect_timeout: "100ms", command_timeout: "1m" }],
    [
      {
        url: "rediss://redis.test:6380/3",
        username: "u",
        password: "p",
        tls: { ca_file: "ca.pem", server_name: "redis.test" },
      },
    ],
    [{ url: "rediss://redis.test", tls: { cert_file: "c.pem", key_file: "k.pem" } }],
    [{ url, password: "p", key_prefix: "team-a.v2_x" }],
  ])("%j are taken", (settings) => {
    expect(pathsOf(settings)).toEqual([]);
  });

  test.each([
    [{}, ["url"]],
    [{ url: "" }, ["url", "url"]],
    [{ url: "127.0.0.1:6379" }, ["url"]],
    [{ url: "http://127.0.0.1" }, ["url"]],
    [{ url: "redis://" }, ["url"]],
    [{ url: "redis://user:secret@127.0.0.1" }, ["url"]],
    [{ url: "redis://127.0.0.1/zero" }, ["url"]],
    [{ url: "redis://127.0.0.1/0?db=1" }, ["url"]],
    [{ url, connect_timeout: "99ms" }, ["connect_timeout"]],
    [{ url, connect_timeout: 500 }, ["connect_timeout"]],
    [{ url, command_timeout: "61s" }, ["command_timeout"]],
    [{ url, command_timeout: "soon" }, ["command_timeout"]],
    [{ url, key_prefix: "a:b" }, ["key_prefix"]],
    [{ url, key_prefix: "{a}" }, ["key_prefix"]],
    [{ url, key_prefix: "" }, ["key_prefix"]],
    [{ url, username: "u" }, ["password"]],
    [{ url, tls: {} }, ["tls"]],
    [{ url: "rediss://h", tls: { cert_file: "c.pem" } }, ["tls.cert_file"]],
    [{ url: "rediss://h", tls: { insecure: true } }, ["tls"]],
    [{ url, pasword: "p" }, [""]],
    [{ url: "http://h", connect_timeout: "1h", key_prefix: "?" }, ["url", "connect_timeout", "key_prefix"]],
  ])("%j are refused at %j", (settings, paths) => {
    expect(pathsOf(settings)).toEqual(paths);
  });

  test("never repeat a password in a problem", () => {
    const problems = settingsSchema.safeParse({
      url: "redis://user:hunter2@h",
      password: 5,
      command_timeout: "hunter2",
    });
    expect(JSON.stringify(problems.error?.issues)).not.toContain("hunter2");
  });
});

test.each([
  ["redis://redis.test", { host: "redis.test", port: 6379, database: 0, encrypted: false }],
  ["redis://127.0.0.1:7000/", { host: "127.0.0.1", port: 7000, database: 0, encrypted: false }],
  ["rediss://redis.test:6380/15", { host: "redis.test", port: 6380, database: 15, encrypted: true }],
  ["redis://[::1]:6379/1", { host: "::1", port: 6379, database: 1, encrypted: false }],
])("%s is the endpoint %j", (given, endpoint) => {
  expect(endpointOf(given)).toEqual(endpoint);
});
