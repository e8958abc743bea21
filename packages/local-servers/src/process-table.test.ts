import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { awaitCondition } from "./await-condition.js";
import { descendantsOf, identify, isRunning, signalProcess } from "./process-table.js";

const withinMs = 10_000;

test("a process is known by its start and its command line, not by its id alone", async () => {
  const child = spawn("sleep", ["600"]);
  const identity = identify(child.pid!)!;
  expect(identity).toMatchObject({ pid: child.pid, command: "sleep 600" });
  expect(isRunning(identity)).toBe(true);
  for (const other of [
    { ...identity, startTicks: identity.startTicks - 1 },
    { ...identity, command: "sleep 601" },
  ]) {
    expect([isRunning(other), signalProcess(other, "SIGKILL")]).toEqual([false, false]);
  }
  expect(isRunning({ ...identity, command: undefined })).toBe(true);
  expect(signalProcess(identity, "SIGKILL")).toBe(true);
  await once(child, "exit");
  expect([identify(child.pid!), isRunning(identity), signalProcess(identity, "SIGKILL")]).toEqual([
    undefined,
    false,
    false,
  ]);
});

test("the descendants of a process are found, however deep", async () => {
  const child = spawn("sh", ["-c", "sh -c 'sleep 601; true'; true"]);
  const commands = () => descendantsOf(child.pid!).map(({ command }) => command);
  expect(await awaitCondition(() => commands().length === 2, { withinMs })).toBe(true);
  expect(commands()).toEqual(["sh -c sleep 601; true", "sleep 601"]);
  for (const part of descendantsOf(child.pid!).reverse()) signalProcess(part, "SIGKILL");
  await once(child, "exit");
});

test("nothing asks for the descendants of the first process, which are all", () => {
  expect(() => descendantsOf(1)).toThrow();
  expect(() => descendantsOf(0)).toThrow();
});
