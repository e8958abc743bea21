import type { GivenDurability, PatternBinder, PubSubCapability, PubSubOptions } from "@prism-data/pattern-sdk";
import type { Settings } from "./config.js";
import type { Connection } from "./connection.js";
import { keepsNothing } from "./errors.js";
import { JetStream, type KeptConfig } from "./jet-stream.js";
import { KeptPubSub } from "./kept-pub-sub.js";
import { agedAfter, keptDurability, keptStream } from "./kept-stream.js";
import { Names } from "./names.js";
import { checkPayload } from "./payload-limit.js";
import { NatsPubSub } from "./pub-sub.js";
import { notesPart } from "./pub-sub-notes.js";
import { toldDifferences } from "./stream-difference.js";
import { bells, Subjects } from "./subjects.js";

/** What core NATS can promise; a namespace that may use any other capability is kept on JetStream. */
export const coreNatsCapabilities = ["wildcards", "groups"] as const satisfies PubSubCapability[];

const messagesPart = "messages";

/** What core NATS keeps. */
const nothingKept: GivenDurability = {
  durability: "ephemeral",
  advice: "Core NATS keeps nothing: add durable to needs, or leave needs out, and JetStream keeps what is published.",
};

/** Namespaces of pub-sub: core NATS, which keeps nothing and needs no making, or a stream of JetStream with a consumer for each group. */
export function pubSubBinder(
  connection: Connection,
  { subject_prefix: prefix, replicas }: Settings,
): PatternBinder<NatsPubSub | KeptPubSub, PubSubOptions> {
  const jetStream = new JetStream(connection);
  const namesOf = (namespace: string) => new Names({ prefix, kind: "pubsub", namespace });
  const streamOf = (namespace: string) => namesOf(namespace).stream(messagesPart);
  const configOf = (namespace: string, { retentionMs }: PubSubOptions) =>
    streamConfig({ prefix, namespace, replicas, retentionMs });
  return {
    async bind({ namespace, capabilities, options }) {
      checkPayload(connection);
      const subjects = new Subjects(prefix, namespace);
      if (!isKept(capabilities)) {
        return { pattern: new NatsPubSub(connection, subjects), durability: () => nothingKept };
      }
      if (!hasJetStream(connection)) throw keepsNothing(connection.address);
      jetStream.checkVersion();
      const difference = await jetStream.make(configOf(namespace, options));
      const { maxDeliveries } = options;
      const stream = streamOf(namespace);
      const names = namesOf(namespace);
      const live = new NatsPubSub(connection, new Subjects(bells(prefix, "pubsub"), namespace));
      const pattern = new KeptPubSub({ connection, jetStream, names, stream, subjects, live, maxDeliveries });
      return {
        pattern,
        changes: toldDifferences([difference], { done: true }),
        durability: () => keptDurability,
        close: () => pattern.close(),
      };
    },
    async plan({ namespace, capabilities, options }) {
      if (!isKept(capabilities)) return [];
      return toldDifferences([await jetStream.compare(configOf(namespace, options))], { done: false });
    },
    async deleteData(namespace) {
      const stream = streamOf(namespace);
      if (!hasJetStream(connection) || (await jetStream.find(stream)) === undefined) return [];
      await jetStream.remove(stream);
      return [`removed the stream ${stream}`];
    },
  };
}

function isKept(capabilities: ReadonlySet<string>): boolean {
  const ofCoreNats: ReadonlySet<string> = new Set(coreNatsCapabilities);
  return [...capabilities].some((capability) => !ofCoreNats.has(capability));
}

function hasJetStream({ live }: Connection): boolean {
  return live.info?.jetstream === true;
}

/** Takes the subjects that core NATS has for the namespace, so other clients of NATS find it there. */
function streamConfig({
  prefix,
  namespace,
  replicas,
  retentionMs,
}: {
  readonly prefix: string;
  readonly namespace: string;
  readonly replicas: number;
  readonly retentionMs: number;
}): KeptConfig {
  const names = new Names({ prefix, kind: "pubsub", namespace });
  const src = new Subjects(prefix, namespace).ofTopic(">");
  const dest = new Subjects(bells(prefix, "pubsub"), namespace).ofTopic(">");
  return {
    ...keptStream({ names, namespace, part: messagesPart, replicas }),
    ...agedAfter(retentionMs),
    subjects: [src, names.subject(notesPart, ">")],
    // Messages come whole, to those who listen without a group: in the order of the stream, whoever has published them.
    republish: { src, dest, headers_only: false },
  };
}
