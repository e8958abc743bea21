import type { Command } from "commander";
import { AdminClient, emptyNamespace } from "../../admin-client.js";
import { CommandFailure } from "../../command-failure.js";
import { ExitCode } from "../../exit-code.js";
import type { CommandContext } from "../../invocation.js";
import { jsonLine } from "../../json-line.js";
import { namespaceJson } from "../../namespace-json.js";
import { addAdminOptions, connectToAdmin, type ProxyOptions } from "../../proxy-options.js";
import { type ChangedPart, changedParts } from "./changed-parts.js";

interface UpdateOptions extends ProxyOptions {
  readonly set: readonly string[];
  readonly unset: readonly string[];
  readonly etag?: string;
  readonly allowDataLoss?: boolean;
}

/** `prism namespace update`: changes parts of a namespace; the others stay as they are. */
export function addUpdate(namespace: Command, context: CommandContext): void {
  const command = namespace.command("update").description("change parts of a namespace").arguments("<name>");
  const collect = (one: string, before: readonly string[]) => [...before, one];
  addAdminOptions(command)
    .option(
      "--set <key=value>",
      "a key as below the namespace's name in prism.yaml, and its value as YAML",
      collect,
      [],
    )
    .option("--unset <key>", "a key to take away", collect, [])
    .option("--etag <etag>", "only if the namespace has this etag: nobody has changed it since it was read")
    .option("--allow-data-loss", "let it get another pattern or backend; its data does not move along")
    .addHelpText(
      "after",
      `
Changes all that is given, or nothing; it serves on meanwhile. What prism.yaml declares is changed there.

Examples:
  prism namespace update sessions --set timeout=2s
  prism namespace update sessions --set limits.calls_per_second=500 --set needs=[ttl,scan]
  prism namespace update sessions --unset limits --etag "$(prism namespace get sessions --json | jq -r .etag)"`,
    )
    .action(async (name: string, options: UpdateOptions) => {
      const parts = partsOf(options);
      await using connection = await connectToAdmin(options, context);
      const { etag = "", allowDataLoss = false } = options;
      const updated = await new AdminClient(connection).updateNamespace({
        namespace: { ...emptyNamespace, name, etag, declaration: declarationOf(parts) },
        updateMask: parts.map(({ keys }) => ["declaration", ...keys].join(".")),
        allowDataLoss,
      });
      const { state, detail } = updated;
      if (state === "failed") context.finish(ExitCode.failed);
      const text = `${name} is changed; it is ${detail === "" ? state : `${state}: ${detail}`}\n`;
      await context.stdout.write(options.json ? jsonLine(namespaceJson(updated)) : text);
    });
}

function partsOf(given: UpdateOptions): readonly ChangedPart[] {
  const parts = changedParts(given);
  if (parts.length > 0) return parts;
  throw new CommandFailure(ExitCode.usage, "nothing is to be changed: give --set key=value or --unset key");
}

/** What stays out of it is taken away. */
function declarationOf(parts: readonly ChangedPart[]): Record<string, unknown> {
  const declaration: Record<string, unknown> = {};
  for (const { keys, value } of parts) {
    if (value === undefined) continue;
    let map = declaration;
    for (const key of keys.slice(0, -1)) {
      map[key] ??= {};
      map = map[key] as Record<string, unknown>;
    }
    map[keys.at(-1)!] = value;
  }
  return declaration;
}
