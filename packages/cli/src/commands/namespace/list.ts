import type { adminv1 } from "@prism-data/pattern-sdk/protocol";
import type { Command } from "commander";
import { AdminClient } from "../../admin-client.js";
import type { CommandContext } from "../../invocation.js";
import { jsonLine } from "../../json-line.js";
import { namespaceJson, sourceName } from "../../namespace-json.js";
import { addAdminOptions, connectToAdmin, type ProxyOptions } from "../../proxy-options.js";
import { textTable } from "../../text-table.js";

/** `prism namespace list`: all namespaces, whoever declares them. */
export function addList(namespace: Command, context: CommandContext): void {
  const command = namespace.command("list").description("list the namespaces with their state");
  addAdminOptions(command)
    .option("--deleted", "also those that are deleted and can be restored")
    .addHelpText(
      "after",
      `
SOURCE says who declares it: prism.yaml (file), or somebody over the admin API (api).

Examples:
  prism namespace list
  prism namespace list --deleted --json`,
    )
    .action(async (options: ProxyOptions & { readonly deleted?: boolean }) => {
      await using connection = await connectToAdmin(options, context);
      const namespaces = await new AdminClient(connection).listNamespaces(options.deleted ?? false);
      await context.stdout.write(
        options.json ? jsonLine({ namespaces: namespaces.map(namespaceJson) }) : formatNamespaces(namespaces),
      );
    });
}

function formatNamespaces(namespaces: readonly adminv1.Namespace[]): string {
  const head = ["NAMESPACE", "PATTERN", "BACKEND", "STATE", "SOURCE", "DETAIL"];
  const rows = namespaces.map(({ name, pattern, backend, state, source, detail }) => [
    name,
    pattern,
    backend,
    state,
    sourceName(source),
    detail,
  ]);
  return textTable([head, ...rows]);
}
