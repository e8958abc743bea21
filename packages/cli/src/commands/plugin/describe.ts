import { type adminv1, pluginv1 } from "@prism-data/pattern-sdk/protocol";
import type { Command } from "commander";
import { AdminClient } from "../../admin-client.js";
import { backendJson, durabilityName, healthName, parsedOrText, pluginJson } from "../../backend-json.js";
import type { CommandContext } from "../../invocation.js";
import { jsonLine } from "../../json-line.js";
import { addAdminOptions, connectToAdmin, type ProxyOptions } from "../../proxy-options.js";
import { textTable } from "../../text-table.js";

/** `prism plugin describe`: one backend, and what its plugin can do. */
export function addDescribe(plugin: Command, context: CommandContext): void {
  const command = plugin
    .command("describe")
    .description("show a backend and what its plugin offers")
    .arguments("<backend>");
  addAdminOptions(command)
    .addHelpText(
      "after",
      `
--json also has the JSON Schemas of the plugin's settings and of the options that its patterns take.

Examples:
  prism plugin describe cache
  prism plugin describe cache --json`,
    )
    .action(async (backend: string, options: ProxyOptions) => {
      await using connection = await connectToAdmin(options, context);
      const answer = await new AdminClient(connection).describeBackend(backend);
      await context.stdout.write(options.json ? jsonLine(descriptionJson(answer)) : formatDescription(answer));
    });
}

function descriptionJson({ backend, plugin }: adminv1.DescribeBackendResponse): Record<string, unknown> {
  return {
    ...(backend !== undefined && { backend: backendJson(backend) }),
    ...(plugin !== undefined && { plugin: pluginJson(plugin) }),
  };
}

function formatDescription({ backend, plugin }: adminv1.DescribeBackendResponse): string {
  const rows = [
    ...(backend === undefined ? [] : backendRows(backend)),
    ...(plugin === undefined ? [] : pluginRows(plugin)),
  ];
  return textTable(rows);
}

function backendRows(backend: adminv1.Backend): string[][] {
  return [
    ["backend", backend.name],
    ["state", backend.detail === "" ? backend.state : `${backend.state}: ${backend.detail}`],
    ["health", healthName(backend.health)],
    ...backend.replicas.map(replicaRow),
    ...(backend.replicasMax > 1 ? [["replicas", `${backend.replicasMin} to ${backend.replicasMax}`]] : []),
    ["restarts", String(backend.restarts)],
    ["namespaces", backend.namespaces.join(", ") || "none"],
    ["plugin", backend.plugin],
  ];
}

function replicaRow({ number, pid, state }: adminv1.Replica, _: number, all: readonly adminv1.Replica[]): string[] {
  const process = pid === 0n ? "none" : String(pid);
  return all.length === 1 ? ["process", process] : [`process ${number}`, `${process} ${state}`];
}

function pluginRows(plugin: pluginv1.DescribeResponse): string[][] {
  return [
    ["version", plugin.version],
    ["durability", durabilityName(plugin.durability)],
    ...plugin.patterns.flatMap(patternRows),
    ...plugin.services.map((service) => ["service", service]),
  ];
}

function patternRows(description: pluginv1.PatternDescription): string[][] {
  const { pattern, capabilities, limits, durability, optionsSchema } = description;
  const bounds = Object.entries(limits).map(([name, limit]) => `${name}=${limit}`);
  return [
    ["pattern", pattern],
    ["  offers", capabilities.join(", ") || "the minimum"],
    ...(bounds.length > 0 ? [["  limits", bounds.join(", ")]] : []),
    ...(durability === pluginv1.Durability.UNSPECIFIED ? [] : [["  durability", durabilityName(durability)]]),
    ...(optionsSchema === "" ? [] : [["  options", optionNames(optionsSchema)]]),
  ];
}

/** What an operator may write under the options of a namespace. */
function optionNames(optionsSchema: string): string {
  const { properties } = (parsedOrText(optionsSchema) ?? {}) as { readonly properties?: object };
  return Object.keys(properties ?? {}).join(", ");
}
