import type { StackServer } from "@prism-data/local-servers";
import { describe, expect, test } from "vitest";
import { backendLines, stackBackends, stackTable } from "./stack-report.js";

const server = (given: Partial<StackServer>): StackServer => ({
  name: "redis",
  state: "running",
  url: "redis://127.0.0.1:6379",
  version: "7.0.15",
  pid: 17,
  dataFolder: "/s/redis/data",
  logFile: "/s/redis/server.log",
  ...given,
});
const never = { state: "absent", url: undefined, version: undefined, pid: undefined } as const;

test("the table has a line for each server, and a dash for what is not known", () => {
  expect(stackTable([server({}), server({ ...never, name: "kafka" })])).toBe(
    [
      "SERVER  STATE    ADDRESS                 VERSION  PID  DATA",
      "redis   running  redis://127.0.0.1:6379  7.0.15   17   /s/redis/data",
      "kafka   absent   -                       -        -    -",
      "",
    ].join("\n"),
  );
});

describe("the backends for prism.yaml", () => {
  const servers = [
    server({}),
    server({ name: "kafka", url: "127.0.0.1:9092" }),
    server({ name: "nats", state: "stopped" }),
    server({ ...never, name: "postgres" }),
  ];

  test("are those that run, as their plugins want to be told", () => {
    expect(stackBackends(servers)).toEqual({
      redis: { plugin: "redis", settings: { url: "redis://127.0.0.1:6379" } },
      kafka: { plugin: "kafka", settings: { brokers: ["127.0.0.1:9092"] } },
    });
  });

  test("are the same as lines to be pasted", () => {
    expect(backendLines(stackBackends(servers))).toBe(
      [
        "backends:",
        '  redis: { plugin: redis, settings: { url: "redis://127.0.0.1:6379" } }',
        '  kafka: { plugin: kafka, settings: { brokers: ["127.0.0.1:9092"] } }',
        "",
      ].join("\n"),
    );
    expect(backendLines({})).toBe("");
  });
});
