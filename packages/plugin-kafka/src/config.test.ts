import { expect, test } from "vitest";
import { settingsSchema } from "./config.js";

const brokers = ["127.0.0.1:9092"];

test("a broker is all that must be said", () => {
  expect(settingsSchema.parse({ brokers })).toEqual({
    ...{ brokers, tls: false, topic_prefix: "prism" },
    ...{ connect_timeout: 1_000, request_timeout: 5_000, session_timeout: 6_000 },
  });
});

test.each<[string, object]>([
  ["no broker", { brokers: [] }],
  ["a broker without a port", { brokers: ["localhost"] }],
  ["a broker as a URL", { brokers: ["kafka://localhost:9092"] }],
  ["a session that is too short", { brokers, session_timeout: "500ms" }],
  ["a prefix with a dot, which would let topics meet", { brokers, topic_prefix: "a.b" }],
  ["a login without a password", { brokers, sasl: { username: "u" } }],
  ["a setting that does not exist", { brokers, broker: "x" }],
])("%s is refused", (_, settings) => {
  expect(settingsSchema.safeParse(settings).success).toBe(false);
});
