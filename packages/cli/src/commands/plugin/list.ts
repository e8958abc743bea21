import type { adminv1 } from "@prism-data/pattern-sdk/protocol";
import type { Command } from "commander";
import { AdminClient } from "../../admin-client.js";
import { backendJson, healthName } from "../../backend-json.js";
import type { CommandContext } from "../../invocation.js";
import { jsonLine } from "../../json-line.js";
import { addAdminOptions, connectToAdmin, type ProxyOptions } from "../../proxy-options.js";
import { textTable } from "../../text-table.js";

/** `prism plugin list`: the backends and their plugin processes. */
export function addList(plugin: Command, context: CommandContext): void {
  const command = plugin.command("list").description("list the backends with the state of their plugin processes");
  addAdminOptions(command)
    .addHelpText(
      "after",
      `
Examples:
  prism plugin list
  prism plugin list --admin 10.0.0.5:8981 --json`,
    )
    .action(async (options: ProxyOptions) => {
      await using connection = await connectToAdmin(options, context);
      const { backends } = await new AdminClient(connection).listBackends();
      await context.stdout.write(
        options.json ? jsonLine({ backends: backends.map(backendJson) }) : formatBackends(backends),
      );
    });
}

function formatBackends(backends: readonly adminv1.Backend[]): string {
  const head = ["BACKEND", "PLUGIN", "VERSION", "STATE", "HEALTH", "PID", "RESTARTS", "NAMESPACES", "DETAIL"];
  const rows = backends.map((backend) => [
    backend.name,
    backend.plugin,
    backend.version || "-",
    backend.state,
    healthName(backend.health),
    backend.replicas.flatMap(({ pid }) => (pid === 0n ? [] : String(pid))).join(",") || "-",
    String(backend.restarts),
    backend.namespaces.join(",") || "-",
    backend.detail,
  ]);
  return textTable([head, ...rows]);
}
