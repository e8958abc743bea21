import { expect, test } from "vitest";
import { kafka } from "./kafka.js";
import { postgres } from "./postgres.js";
import { sharedAddress } from "./shared-address.js";

test("the address comes from the environment, and a missing one fails with the variable's name", () => {
  expect(sharedAddress(postgres, { PRISM_TEST_POSTGRES_URL: "postgres://h" })).toBe("postgres://h");
  expect(sharedAddress(kafka, { PRISM_TEST_KAFKA_BROKERS: "h:1,i:2" })).toBe("h:1,i:2");
  expect(() => sharedAddress(kafka, {})).toThrow("PRISM_TEST_KAFKA_BROKERS");
  expect(() => sharedAddress(kafka, { PRISM_TEST_KAFKA_BROKERS: "" })).toThrow("PRISM_TEST_KAFKA_BROKERS");
});
