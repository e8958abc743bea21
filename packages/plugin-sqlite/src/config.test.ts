import { readFileSync } from "node:fs";
import { checkPackageDescription } from "@prism-data/pattern-sdk";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { settingsSchema } from "./config.js";
import { sqlitePlugin } from "./plugin.js";

const path = "./data.db";

const defaults = { path, busy_timeout: 5_000, sql_connections: 16 };

test.each<[object, object]>([
  [{}, {}],
  [{ max_bytes: 1_048_576 }, { max_bytes: 1_048_576 }],
  [{ max_bytes: "1MiB" }, { max_bytes: 1_048_576 }],
  [{ max_bytes: "2GiB" }, { max_bytes: 2_147_483_648 }],
  [{ busy_timeout: "250ms" }, { busy_timeout: 250 }],
  [{ busy_timeout: "1m" }, { busy_timeout: 60_000 }],
  [{ busy_timeout: "0ms" }, { busy_timeout: 0 }],
  [{ sql_connections: 2 }, { sql_connections: 2 }],
])("%j means %j", (settings, parsed) => {
  expect(settingsSchema.parse({ path, ...settings })).toEqual({ ...defaults, ...parsed });
});

test.each<[unknown]>([
  [{}],
  [{ path: "" }],
  [{ path: ":memory:" }],
  [{ path: "a\0b" }],
  [{ path, max_bytes: 0 }],
  [{ path, max_bytes: "1023KiB" }],
  [{ path, max_bytes: "1 GiB" }],
  [{ path, max_bytes: "999999GiB" }],
  [{ path, busy_timeout: 5 }],
  [{ path, busy_timeout: "2m" }],
  [{ path, busy_timeout: "-1s" }],
  [{ path, sql_connections: 1 }],
  [{ path, sql_connections: 257 }],
  [{ path, synchronous: "off" }],
])("%j is refused", (settings) => {
  expect(settingsSchema.safeParse(settings).success).toBe(false);
});

describe("what the package says of itself", () => {
  test("is what the plugin says", () => {
    checkPackageDescription(
      sqlitePlugin,
      JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")),
    );
  });

  test("describes every setting", () => {
    const { properties } = z.toJSONSchema(settingsSchema, { io: "input" });
    const described = Object.entries(properties ?? {}).filter(
      ([, property]) => typeof property === "object" && property.description,
    );
    expect(described.map(([name]) => name)).toEqual(Object.keys(settingsSchema.shape));
  });
});
