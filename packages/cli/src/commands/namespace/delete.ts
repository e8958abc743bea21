import { durationFromMs } from "@prism-data/pattern-sdk/protocol";
import { type Command, Option } from "commander";
import { AdminClient } from "../../admin-client.js";
import { parseDuration } from "../../duration.js";
import type { CommandContext } from "../../invocation.js";
import { jsonLine } from "../../json-line.js";
import { namespaceJson } from "../../namespace-json.js";
import { rfc3339 } from "../../proto-json.js";
import { addAdminOptions, connectToAdmin, type ProxyOptions } from "../../proxy-options.js";

interface DeleteOptions extends ProxyOptions {
  readonly etag?: string;
  readonly deleteData?: boolean;
  readonly restorableFor?: number;
  readonly now?: boolean;
}

/** `prism namespace delete`: takes a namespace away, for a while restorable. */
export function addDelete(namespace: Command, context: CommandContext): void {
  const restorableFor = new Option("--restorable-for <duration>", "how long it can be restored (default: 24h)")
    .argParser(parseDuration)
    .conflicts("now");
  const command = namespace.command("delete").description("take a namespace away").arguments("<name>");
  addAdminOptions(command)
    .option("--etag <etag>", "only if it has not changed since it had this etag")
    .option("--delete-data", "also remove its data from the backend, once it cannot be restored any more")
    .addOption(restorableFor)
    .option("--now", "not restorable: its name is free at once")
    .addHelpText(
      "after",
      `
Calls to it are refused from now on. Its data stays untouched until the time is over; without --delete-data also after that.

Examples:
  prism namespace delete sessions
  prism namespace delete sessions --delete-data --restorable-for 7d`,
    )
    .action(async (name: string, options: DeleteOptions) => {
      await using connection = await connectToAdmin(options, context);
      const { etag = "", deleteData = false, restorableFor: givenMs, now = false } = options;
      const restorableMs = now ? 0 : givenMs;
      const deleted = await new AdminClient(connection).deleteNamespace({
        name,
        etag,
        deleteData,
        restorableFor: restorableMs === undefined ? undefined : durationFromMs(restorableMs),
      });
      const until = deleted.purgeTime === undefined ? "" : rfc3339(deleted.purgeTime);
      const fate = deleteData ? "then its data is removed" : "its data stays";
      const text = now
        ? `${name} is deleted for good; ${deleteData ? "its data is being removed" : fate}\n`
        : `${name} is deleted and can be restored until ${until}; ${fate}\n`;
      await context.stdout.write(options.json ? jsonLine(namespaceJson(deleted)) : text);
    });
}
