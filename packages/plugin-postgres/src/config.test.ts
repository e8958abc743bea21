import { describe, expect, test } from "vitest";
import { endpointOf, settingsSchema } from "./config.js";

const url = "postgres://prism@127.0.0.1:5433/data";
const defaults = { schema: "prism", pool_size: 10, connect_timeout: 2_000, statement_timeout: 5_000 };

test.each<[object, object]>([
  [{ url }, { url, ...defaults }],
  [
    { url, password: "p", tls: {}, schema: "a_1", pool_size: 2, connect_timeout: "100ms", statement_timeout: "1m" },
    { url, password: "p", tls: {}, schema: "a_1", pool_size: 2, connect_timeout: 100, statement_timeout: 60_000 },
  ],
])("%o is read as %o", (written, settings) => {
  expect(settingsSchema.parse(written)).toEqual(settings);
});

test.each<[object, string]>([
  [{}, "url"],
  [{ url: "127.0.0.1" }, "url"],
  [{ url: "mysql://prism@127.0.0.1/data" }, "url"],
  [{ url: "postgres://prism:secret@127.0.0.1/data" }, "url"],
  [{ url: "postgres://127.0.0.1/data" }, "url"],
  [{ url: "postgres://prism@127.0.0.1" }, "url"],
  [{ url: "postgres://prism@127.0.0.1/a/b" }, "url"],
  [{ url: "postgres://prism@127.0.0.1/data?sslmode=require" }, "url"],
  [{ url: "postgres://prism@127.0.0.1/%ff" }, "url"],
  [{ url, schema: "Prism" }, "schema"],
  [{ url, schema: "pg_mine" }, "schema"],
  [{ url, schema: "a".repeat(31) }, "schema"],
  [{ url, pool_size: 1 }, "pool_size"],
  [{ url, pool_size: 201 }, "pool_size"],
  [{ url, connect_timeout: "99ms" }, "connect_timeout"],
  [{ url, statement_timeout: "61s" }, "statement_timeout"],
  [{ url, tls: { cert_file: "a.pem" } }, "tls"],
  [{ url, sslmode: "require" }, ""],
])("%o is refused at %s", (written, path) => {
  const problems = settingsSchema.safeParse(written).error?.issues ?? [];
  expect(problems.map((problem) => problem.path[0] ?? "")).toContain(path);
});

describe("a url", () => {
  test.each([
    ["postgres://prism@db.example:6000/data", { host: "db.example", port: 6_000, database: "data", user: "prism" }],
    ["postgresql://prism@[::1]/data", { host: "::1", port: 5_432, database: "data", user: "prism" }],
    ["postgres://a%40b@h/x%20y", { host: "h", port: 5_432, database: "x y", user: "a@b" }],
  ])("%s names where the server is", (text, endpoint) => {
    expect(settingsSchema.parse({ url: text }).url).toBe(text);
    expect(endpointOf(text)).toEqual(endpoint);
  });
});
