import { describe, expect, test } from "vitest";
import { isScriptMissing, linkDown, translateError } from "./errors.js";

const endpoint = "redis.test:6379";

/** What the driver throws when Redis answers with an error. */
function reply(message: string): Error {
  return Object.defineProperty(new Error(message), "name", { value: "ReplyError" });
}

function socketError(code: string): Error {
  return Object.assign(new Error(`connect ${code}`), { code });
}

describe("what the driver throws", () => {
  test.each([
    [reply("READONLY You can't write against a read only replica."), "BACKEND_UNAVAILABLE"],
    [reply("LOADING Redis is loading the dataset in memory"), "BACKEND_UNAVAILABLE"],
    [reply("BUSY Redis is busy running a script."), "BACKEND_UNAVAILABLE"],
    [reply("MASTERDOWN Link with MASTER is down"), "BACKEND_UNAVAILABLE"],
    [reply("MISCONF Redis is configured to save RDB snapshots"), "BACKEND_UNAVAILABLE"],
    [reply("NOREPLICAS Not enough good replicas to write."), "BACKEND_UNAVAILABLE"],
    [reply("ERR max number of clients reached"), "BACKEND_UNAVAILABLE"],
    [reply("OOM command not allowed when used memory > 'maxmemory'."), "CAPACITY_EXHAUSTED"],
    [reply("NOAUTH Authentication required."), "BACKEND_DENIED"],
    [reply("WRONGPASS invalid username-password pair or user is disabled."), "BACKEND_DENIED"],
    [reply("NOPERM this user has no permissions to run the 'set' command"), "BACKEND_DENIED"],
    [reply("DENIED Redis is running in protected mode"), "BACKEND_DENIED"],
    [reply("ERR DB index is out of range"), "INVALID_SETTINGS"],
    [reply("MOVED 1 127.0.0.1:7000"), "BACKEND_FAILED"],
    [reply("WRONGTYPE Operation against a key holding the wrong kind of value"), "BACKEND_FAILED"],
    [reply("ERR something new"), "BACKEND_FAILED"],
    [socketError("ECONNREFUSED"), "BACKEND_UNAVAILABLE"],
    [socketError("ENOTFOUND"), "BACKEND_UNAVAILABLE"],
    [socketError("ETIMEDOUT"), "BACKEND_UNAVAILABLE"],
    [socketError("ECONNRESET"), "BACKEND_UNAVAILABLE"],
    [socketError("SELF_SIGNED_CERT_IN_CHAIN"), "BACKEND_UNAVAILABLE"],
    [new Error("Connection is closed."), "BACKEND_UNAVAILABLE"],
    ["no error at all", "BACKEND_FAILED"],
  ])("%s becomes %s", (thrown, reason) => {
    const error = translateError(thrown, endpoint);
    expect(error.reason).toBe(reason);
    expect(error.message).toContain(endpoint);
    expect(error.retryAfterMs !== undefined).toBe(["BACKEND_UNAVAILABLE", "CAPACITY_EXHAUSTED"].includes(reason));
  });

  test("keeps neither arguments nor passwords in the message or the cause", () => {
    const error = reply("ERR unknown command 'AUTHX', with args beginning with: 'user' 'hunter2'");
    const translated = translateError(
      Object.assign(error, { command: { name: "AUTHX", args: ["hunter2"] } }),
      endpoint,
    );
    expect(JSON.stringify([translated.message, translated.cause, String(translated.cause)])).not.toContain("hunter2");
    expect((translated.cause as Error & { command?: unknown }).command).toBeUndefined();
  });

  test("is left alone when it is translated already", () => {
    const error = translateError(reply("OOM full"), endpoint);
    expect(translateError(error, endpoint)).toBe(error);
  });
});

test.each([
  [reply("NOSCRIPT No matching script. Please use EVAL."), true],
  [reply("ERR the text NOSCRIPT somewhere else"), false],
  [new Error("NOSCRIPT but not from Redis"), false],
])("%s says that a script is missing: %s", (error, expected) => {
  expect(isScriptMissing(error)).toBe(expected);
});

describe("no connection", () => {
  test("is BACKEND_UNAVAILABLE with retry advice and the reason of the last attempt", () => {
    const error = linkDown(endpoint, translateError(socketError("ECONNREFUSED"), endpoint));
    expect([error.reason, error.message.includes("ECONNREFUSED"), (error.retryAfterMs ?? 0) > 0]).toEqual([
      "BACKEND_UNAVAILABLE",
      true,
      true,
    ]);
  });

  test("because of a refused login is BACKEND_DENIED", () => {
    expect(linkDown(endpoint, translateError(reply("WRONGPASS no"), endpoint)).reason).toBe("BACKEND_DENIED");
  });
});
