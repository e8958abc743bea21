import { durationSetting, textSetting } from "@prism-data/pattern-sdk";
import * as z from "zod";

/** More are not needed to find the others. */
const brokersMax = 32;

/** The most replicas that Kafka counts. */
const replicasMax = 32_767;

const brokerText = /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):(\d{1,5})$/;

const sasl = z.strictObject({
  mechanism: z
    .enum(["plain", "scram-sha-256", "scram-sha-512"])
    .default("scram-sha-512")
    .describe("How to prove who the plugin is: plain, scram-sha-256 or scram-sha-512. Default: scram-sha-512."),
  username: textSetting.describe("The user."),
  password: textSetting.describe("The user's password; take it from the environment or a file, do not write it here."),
});

/** The settings of a Kafka backend. */
export const settingsSchema = z.strictObject({
  brokers: z
    .array(z.string().regex(brokerText, "Must be HOST:PORT."))
    .min(1, "Must name a broker.")
    .max(brokersMax, `Must be at most ${brokersMax} brokers.`)
    .describe("Where to begin, as HOST:PORT; the others are found. Name several, so that one may be away. 1 to 32."),
  tls: z.boolean().default(false).describe("Whether to speak TLS to the brokers. Default: false."),
  sasl: sasl.optional().describe("How to log in. Default: without."),
  connect_timeout: durationSetting({ min: "100ms", max: "1m" })
    .prefault("1s")
    .describe("How long an attempt to connect to a broker may take. 100ms to 1m; default 1s."),
  request_timeout: durationSetting({ min: "500ms", max: "1m" })
    .prefault("5s")
    .describe(
      "How long a broker may stay silent while a request waits for it; then the connection is made anew. 500ms to 1m; default 5s.",
    ),
  session_timeout: durationSetting({ min: "1s", max: "5m" })
    .prefault("6s")
    .describe(
      "After how long a group does without a member whose process has died; its partitions wait meanwhile. Brokers take no less " +
        "than their group.min.session.timeout.ms, which is 6s unless changed. 1s to 5m; default 6s.",
    ),
  replication_factor: z
    .int()
    .min(1)
    .max(replicasMax)
    .optional()
    .describe("How many replicas a new topic has. Default: the brokers' default.replication.factor."),
  topic_prefix: z
    .string()
    .regex(/^[A-Za-z0-9-]{1,32}$/, "Must be 1 to 32 letters, digits or dashes.")
    .default("prism")
    .describe("What all topics and groups start with. 1 to 32 letters, digits or dashes; default prism."),
});

/** The settings as they are used: durations in ms. */
export type Settings = z.output<typeof settingsSchema>;
