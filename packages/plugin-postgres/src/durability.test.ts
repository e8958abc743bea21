import { expect, test } from "vitest";
import { durabilityFrom } from "./durability.js";

const safe = { fsync: "on", full_page_writes: "on", synchronous_commit: "on" };

test.each([
  ["as PostgreSQL comes", {}],
  ["with the commits of replicas waited for", { synchronous_commit: "remote_apply" }],
  ["with only this server's sync waited for", { synchronous_commit: "local" }],
])("a server %s keeps what it acknowledged through a power cut", (_, change) => {
  expect(durabilityFrom({ ...safe, ...change }, "db:5432")).toEqual({ durability: "disk" });
});

test.each([
  ["fsync", { fsync: "off" }],
  ["full_page_writes", { full_page_writes: "off" }],
  ["fsync and synchronous_commit", { fsync: "off", synchronous_commit: "off" }],
])("a server with %s off does not, and what to change is said", (set, change) => {
  expect(durabilityFrom({ ...safe, ...change }, "db:5432")).toEqual({
    durability: "backend",
    advice: expect.stringContaining(`PostgreSQL at db:5432 has ${set} off; set ${set} to on`),
  });
});
