import { deadLetterTopic, type PubSubOptions } from "@prism-data/pattern-sdk";
import type { Connection } from "./connection.js";
import { buryDeadLetters } from "./dead-letter-burial.js";
import { grouped } from "./grouped.js";
import { sweepGroupsScript } from "./pub-sub-scripts.js";
import type { PubSubSpace } from "./pub-sub-space.js";

/** How many groups one script looks at. */
const groupsPerScript = 25;

const describedGroup = /^(\S+) (\S+) /;

/** Gives up what was delivered often enough, and really removes what is over in the groups of a namespace, also what nobody subscribes to. */
export async function sweepGroups(
  connection: Connection,
  space: PubSubSpace,
  { maxDeliveries, retentionMs }: PubSubOptions,
): Promise<void> {
  const names = await namesOfGroups(connection, space);
  const keys = [...names.keys()];
  for (let at = 0; at < keys.length; at += groupsPerScript) {
    const swept = keys.slice(at, at + groupsPerScript).flatMap((key) => [key, deadLetterTopic(names.get(key)!)]);
    const args = [space.base, space.database, maxDeliveries ?? "", retentionMs, ...swept];
    const mourning = (await connection.run(sweepGroupsScript, [`${space.base}groups`], args)) as Buffer[];
    for (const key of mourning.map(String)) await buryDeadLetters(connection, space, { key, name: names.get(key)! });
  }
}

/** By their keys; one without a name has none of its own. */
async function namesOfGroups(connection: Connection, space: PubSubSpace): Promise<ReadonlyMap<string, string>> {
  const flat = (await connection.command("HGETALL", [`${space.base}groups`])) as Buffer[];
  return new Map(
    grouped(flat, 2).map(([key, described]) => {
      const [, , name = ""] = describedGroup.exec(described!.toString()) ?? [];
      return [key!.toString(), decodeURIComponent(name)];
    }),
  );
}
