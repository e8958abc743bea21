import { describe, expect, test } from "vitest";
import { ExitCode } from "./exit-code.js";
import { run } from "./testing/run.js";

describe("help", () => {
  test.each([
    [["--help"], "prism serve"],
    [["kv", "--help"], "watch"],
    [["kv", "set", "--help"], "--if-absent"],
    [["pubsub", "--help"], "subscribe"],
    [["pubsub", "subscribe", "--help"], "--acknowledge"],
    [["queue", "--help"], "redrive"],
    [["queue", "receive", "--help"], "--acknowledge"],
    [["stream", "--help"], "consume"],
    [["stream", "consume", "--help"], "--no-commit"],
    [["sql", "--help"], "execute"],
    [["sql", "query", "--help"], "KIND:VALUE"],
    [["plugin", "restart", "--help"], "before the old one drains"],
    [["namespace", "--help"], "restore"],
    [["namespace", "delete", "--help"], "--delete-data"],
    [["plan", "--help"], "--admin"],
    [["check", "--help"], "Examples:"],
    [["certs", "--help"], "client_certificates: require"],
    [["schema", "diff", "--help"], "buf breaking"],
    [["control", "--help"], "backup"],
    [["control", "backup", "--help"], "To restore it"],
    [["stack", "--help"], "logs"],
    [["stack", "up", "--help"], "without passwords"],
    [["serve", "--help"], "Examples:"],
  ])("of %j is on stdout and exits 0", async (given, text) => {
    expect(await run(given)).toMatchObject({ code: ExitCode.done, stdout: expect.stringContaining(text), stderr: "" });
  });

  test("documents the exit codes", async () => {
    expect((await run(["--help"])).stdout).toMatch(/Exit codes:\n {2}0 {2}done\n {2}1 .*\n {2}2 .*\n {2}3 /);
  });
});

describe("wrong usage exits 2 and says what is wrong", () => {
  test.each([
    [[], "Usage: prism"],
    [["srve"], "Did you mean serve?"],
    [["kv", "get", "demo"], "missing required argument 'key'"],
    [["kv", "get", "demo", "k", "--jsn"], "Did you mean --json?"],
    [["kv", "set", "demo", "k", "v", "--ttl", "soon"], "250ms"],
    [["kv", "scan", "demo", "--limit", "0"], "a whole number from 1"],
    [["kv", "get", "demo", "k", "--server", "nowhere"], "--server is not an address"],
    [["kv", "get", "demo", "k", "--ca-file", "nowhere.pem"], "--ca-file: cannot read nowhere.pem (ENOENT)"],
    [["kv", "get", "demo", "k", "--cert-file", "own.pem"], "--cert-file and --key-file go together"],
    [["certs", "--days", "0"], "a whole number from 1"],
    [["stack", "up", "rdis"], "there are redis, nats, postgres, kafka"],
    [["stack", "logs"], "missing required argument 'name'"],
  ])("%j", async (given, text) => {
    expect(await run(given)).toMatchObject({ code: ExitCode.usage, stdout: "", stderr: expect.stringContaining(text) });
  });

  test("in the environment", async () => {
    const { code, stderr } = await run(["kv", "get", "demo", "k"], { environment: { PRISM_SERVER: "nowhere" } });
    expect({ code, stderr }).toMatchObject({ code: ExitCode.usage, stderr: expect.stringContaining("PRISM_SERVER") });
  });
});

describe("a proxy that is not there", () => {
  test("is a failure that says where it was looked for and what to do", async () => {
    const { code, stdout, stderr } = await run(["kv", "get", "demo", "k", "--server", "127.0.0.1:1"]);
    expect({ code, stdout }).toEqual({ code: ExitCode.failed, stdout: "" });
    expect(stderr).toMatch(/^prism: .*127\.0\.0\.1:1.*`prism serve`/);
  });

  test("is JSON when JSON was asked for", async () => {
    const { stderr } = await run(["plugin", "list", "--admin", "127.0.0.1:1", "--json"]);
    expect(JSON.parse(stderr)).toMatchObject({ error: { code: "UNAVAILABLE", message: expect.any(String) } });
  });
});
