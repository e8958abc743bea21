import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { controlStateLocation, controlStateSchema, sameLocation } from "./control-state.js";

const folders = { dataDir: "/etc/prism/data", workingDir: "/etc/prism" };
const url = "postgres://prism@db:5433/control";

function location(controlState: object | undefined) {
  return controlStateLocation(controlStateSchema.parse(controlState), folders);
}

describe("where the control state is", () => {
  test("is a file in data_dir unless something else is said", () => {
    const file = { kind: "sqlite", file: "/etc/prism/data/control.db" };
    expect([location(undefined), location({})]).toEqual([file, file]);
  });

  test("is PostgreSQL when its url is given, with files relative to the configuration", () => {
    const tls = { ca_file: "ca.pem", cert_file: "/c.pem", key_file: "./k.pem", server_name: "db.internal" };
    expect(location({ postgres: { url, tls, schema: "shared" } })).toEqual({
      kind: "postgres",
      url,
      schema: "shared",
      password: undefined,
      tls: { caFile: "/etc/prism/ca.pem", certFile: "/c.pem", keyFile: "/etc/prism/k.pem", serverName: "db.internal" },
    });
    expect(location({ postgres: { url } })).toMatchObject({ schema: "prism_control", tls: undefined });
  });

  test("does not show its password, and is another one with another password", () => {
    const [one, same, other] = ["s3cret", "s3cret", "0ther"].map((password) =>
      location({ postgres: { url, password } }),
    );
    expect(`${JSON.stringify(one)} ${inspect(one, { depth: 9 })}`).not.toContain("s3cret");
    expect([sameLocation(one!, same!), sameLocation(one!, other!)]).toEqual([true, false]);
    expect(sameLocation(one!, location({ postgres: { url } }))).toBe(false);
  });

  test.each([
    ["host:5432", "must be a URL"],
    ["mysql://u@h/d", "must be a URL"],
    ["postgres://u:p@h/d", "must not carry a password"],
    ["postgres://h/d", "must name a user"],
    ["postgres://u@h", "must end with the name of a database"],
    ["postgres://u@h/d?sslmode=require", "must not carry a query"],
  ])("refuses the url %s", (wrong, why) => {
    const { error } = controlStateSchema.safeParse({ postgres: { url: wrong } });
    expect(error?.issues).toMatchObject([{ path: ["postgres", "url"], message: expect.stringContaining(why) }]);
  });

  test.each([
    [{ cert_file: "c.pem" }, {}],
    [{ key_file: "k.pem" }, {}],
    [{}, { schema: "pg_mine" }],
    [{}, { schema: 'a"b' }],
    [{ ca: "x" }, {}],
  ])("refuses tls %j with %j", (tls, more) => {
    expect(controlStateSchema.safeParse({ postgres: { url, tls, ...more } }).success).toBe(false);
  });
});
