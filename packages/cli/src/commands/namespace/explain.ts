import type { adminv1 } from "@prism-data/pattern-sdk/protocol";
import type { Command } from "commander";
import { AdminClient } from "../../admin-client.js";
import type { CommandContext } from "../../invocation.js";
import { jsonLine } from "../../json-line.js";
import { namespaceJson } from "../../namespace-json.js";
import { addAdminOptions, connectToAdmin, type ProxyOptions } from "../../proxy-options.js";
import { textTable } from "../../text-table.js";
import { namespaceRows } from "./namespace-rows.js";

/** `prism namespace explain`: where it is declared, and whether its backend is as declared. */
export function addExplain(namespace: Command, context: CommandContext): void {
  const command = namespace
    .command("explain")
    .description("tell where a namespace is declared, and what differs on its backend")
    .arguments("<name>");
  addAdminOptions(command)
    .addHelpText(
      "after",
      `
Asks the backend what it would have to change to be as declared, and changes nothing.

Examples:
  prism namespace explain user-events`,
    )
    .action(async (name: string, options: ProxyOptions) => {
      await using connection = await connectToAdmin(options, context);
      const { namespace: found, ...facts } = await new AdminClient(connection).explainNamespace(name);
      const json = { ...(found !== undefined && { namespace: namespaceJson(found) }), ...facts };
      await context.stdout.write(options.json ? jsonLine(json) : formatExplanation({ namespace: found, ...facts }));
    });
}

function formatExplanation(answer: adminv1.ExplainNamespaceResponse): string {
  const { namespace, declaredIn, compared, changes, notCompared } = answer;
  const [first = "nothing differs", ...others] = compared ? changes : [`not asked: ${notCompared}`];
  return textTable([
    ...(namespace === undefined ? [] : namespaceRows(namespace)),
    ["declared in", declaredIn],
    ["on the backend", first],
    ...others.map((change) => ["", change]),
  ]);
}
