import { describe, expect, test } from "vitest";
import { patternKinds, patterns } from "../patterns/pattern-kinds.js";
import { patternSuites } from "./pattern-suites.js";

describe.each(patterns)("the suite of %s", (pattern) => {
  const suite = patternSuites[pattern];

  test("is for that pattern", () => {
    expect(suite.kind).toBe(patternKinds[pattern]);
  });

  test("says how every capability is used, so that a missing one is proven to be refused", () => {
    const { kind, uses, optionUses = {} } = suite;
    const unused = kind.capabilities.filter((capability) => !(capability in uses) && !(capability in optionUses));
    expect(unused).toEqual([]);
  });

  test("asks only for capabilities that there are", () => {
    const needs = [...suite.cases, ...suite.restartCases, ...suite.invalidRequests].flatMap((one) => one.needs);
    expect(needs.filter((need) => !suite.kind.capabilities.includes(need))).toEqual([]);
  });

  test("proves that what is wrong is refused, and that what is durable survives", () => {
    expect(suite.invalidRequests).not.toHaveLength(0);
    expect(suite.restartCases).not.toHaveLength(0);
  });
});
