import {
  type Binding,
  fixedStreamCapabilities,
  type PatternBinder,
  partitionsFixedError,
  type StreamOptions,
} from "@prism-data/pattern-sdk";
import { endpointOf } from "./config.js";
import type { Connection } from "./connection.js";
import { namespaceBinder } from "./namespace-binder.js";
import type { Opened } from "./opened.js";
import type { PatternSpace } from "./pattern-space.js";
import { RedisStream } from "./stream.js";
import { makeLogScript } from "./stream-scripts.js";

/** How many names one command removes. */
const removedNamesMax = 500;

export const logCapabilities = fixedStreamCapabilities.filter((capability) => capability !== "compaction");

export function streamBinder(opened: Opened): PatternBinder<RedisStream, StreamOptions> {
  const { connection, settings, context, news, presence } = opened;
  const { database } = endpointOf(settings.url);
  return namespaceBinder<RedisStream, StreamOptions>({
    opened,
    pattern: "stream",
    capabilities: logCapabilities,
    async prepare({ base, channel }, binding) {
      const args = [base, channel, binding.options.partitions];
      const [partitions, made] = (await connection.run(makeLogScript, [`${base}log`], args)) as number[];
      checkPartitions(binding, partitions!);
      return made === 1 ? ["made an empty log in Redis"] : [];
    },
    async plan({ base }, binding) {
      const partitions = await partitionsOf(connection, base);
      if (partitions === undefined) return ["would make an empty log in Redis"];
      checkPartitions(binding, partitions);
      return [];
    },
    make({ base, channel }, { namespace, options }) {
      const pattern = new RedisStream({
        connection,
        news,
        feed: presence,
        silenceTimeoutMs: settings.command_timeout,
        log: context.log,
        namespace,
        base,
        channel,
        database,
        partitions: options.partitions,
        retentionMs: options.retentionMs,
        retentionBytes: options.retentionBytes,
      });
      return { pattern, close: () => pattern.close() };
    },
    remove: (space) => removeLog(connection, space),
  });
}

async function partitionsOf(connection: Connection, base: string): Promise<number | undefined> {
  const partitions = await connection.command("HGET", [`${base}log`, "partitions"]);
  return partitions === null ? undefined : Number(partitions);
}

function checkPartitions({ namespace, options }: Binding<StreamOptions>, partitions: number): void {
  if (partitions !== options.partitions)
    throw partitionsFixedError({ namespace, partitions, asked: options.partitions });
}

/** Redis frees the memory in the background. The log's own name goes first, so that nobody goes on with what is left. */
async function removeLog(connection: Connection, { base }: PatternSpace): Promise<boolean> {
  const partitions = await partitionsOf(connection, base);
  const groups = (await connection.command("SMEMBERS", [`${base}groups`])) as Buffer[];
  const names = [
    `${base}log`,
    `${base}groups`,
    ...Array.from({ length: partitions ?? 0 }, (_, partition) => `${base}records:${partition}`),
    ...groups.flatMap((group) => [`${base}places:${group}`, `${base}members:${group}`]),
  ];
  let removed = 0;
  for (let at = 0; at < names.length; at += removedNamesMax)
    removed += Number(await connection.command("UNLINK", names.slice(at, at + removedNamesMax)));
  return removed > 0;
}
