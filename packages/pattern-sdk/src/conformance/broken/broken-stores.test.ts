import { AssertionError } from "node:assert";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { keyValueCapabilities } from "../../capability.js";
import { GatewayError } from "../../errors.js";
import type { KeyValueCase } from "../key-value-case.js";
import { casesFor, restartCasesFor } from "../key-value-cases.js";
import { KeyValueSubject } from "../key-value-subject.js";
import { brokenStores } from "./broken-stores.js";
import { type ReferenceParts, referencePlugin } from "./reference-plugin.js";

/** Stopping removes every namespace that the cases made. */
const lifecycleTimeoutMs = 60_000;

const restartCases = restartCasesFor("backend", keyValueCapabilities);
const allCases = [...casesFor(keyValueCapabilities), ...restartCases];

function start(parts: ReferenceParts): Promise<KeyValueSubject> {
  return KeyValueSubject.start({ plugin: referencePlugin(parts), placement: { kind: "in-process" }, settings: {} });
}

function caseNamed(name: string): KeyValueCase {
  const found = allCases.find((one) => one.name === name);
  if (found === undefined) throw new Error(`There is no case named "${name}".`);
  return found;
}

test("every case has a name of its own", () => {
  expect(new Set(allCases.map(({ name }) => name)).size).toBe(allCases.length);
});

describe("a store that keeps its promises passes every case", { concurrent: true }, () => {
  let subject: KeyValueSubject;
  beforeAll(async () => {
    subject = await start({});
  }, lifecycleTimeoutMs);
  afterAll(() => subject?.stop(), lifecycleTimeoutMs);
  for (const one of casesFor(keyValueCapabilities)) test(one.name, () => one.run(subject));
});

describe("a store that keeps its promises survives restarts", () => {
  test.each(restartCases)("$name", async (one) => {
    const subject = await start({});
    await one.run(subject).finally(() => subject.stop());
  });
});

describe("a store with no capability but get, set, delete and exists passes", { concurrent: true }, () => {
  let subject: KeyValueSubject;
  beforeAll(async () => {
    subject = await start({ capabilities: [] });
  });
  afterAll(() => subject?.stop(), lifecycleTimeoutMs);
  for (const one of casesFor([])) test(one.name, () => one.run(subject));
});

describe("a store is caught that", { concurrent: true }, () => {
  test.each(brokenStores)("$does", async ({ caughtBy, ...parts }) => {
    const subject = await start(parts);
    const failure = await outcomeOf(caseNamed(caughtBy).run(subject)).finally(() => subject.stop());
    expect(isFinding(failure), `"${caughtBy}" ended with: ${failure}`).toBe(true);
  });
});

async function outcomeOf(run: Promise<void>): Promise<unknown> {
  try {
    return await run;
  } catch (error) {
    return error;
  }
}

/** A wrong answer or a refusal that should not be; a defect of the broken store itself would prove nothing. */
function isFinding(failure: unknown): boolean {
  return failure instanceof AssertionError || (failure instanceof GatewayError && failure.source === "client");
}
