import type { NamespaceEntry } from "@prism-data/planner";
import type { Command } from "commander";
import type { CommandContext } from "../../invocation.js";
import { jsonLine } from "../../json-line.js";
import { shippedPluginBases } from "../../shipped-plugins.js";
import { changesOf } from "./changes.js";
import { ConfigFile } from "./config-file.js";
import { addNeedsOptions, type NeedsOptions, planForFile } from "./needs-plan.js";
import { formatPlan, planJson } from "./plan-report.js";
import { applyAtProxy } from "./running-proxy.js";

/** `prism apply`: writes what the plan says into the configuration, which a running proxy takes up by itself. */
export function addApply(program: Command, context: CommandContext): void {
  addNeedsOptions(program.command("apply").description("put what an app's .proto needs into the configuration"))
    .addHelpText(
      "after",
      `
Does what \`prism plan\` shows, whole or not at all: when something is refused, nothing is written. A proxy that runs on the
file makes the namespaces within a second; \`prism plugin list\` and /readyz?verbose show how that went. Again: changes nothing.
What the app's messages look like is kept beside the file, in schemas/, so that a change that breaks readers is refused.
With --admin nothing is written: a running proxy declares the namespaces, keeps them, and serves them at once.

Examples:
  prism apply app.proto
  prism apply app.proto -c staging.yaml
  prism apply app.proto --admin 127.0.0.1:8981`,
    )
    .action((file: string, options: NeedsOptions) => apply(file, options, context));
}

async function apply(file: string, options: NeedsOptions, context: CommandContext): Promise<void> {
  if (options.admin !== undefined) return await applyAtProxy(file, options, context);
  const { environment, workingDir } = context;
  const { configFileName, loadConfig } = await import("@prism-data/proxy");
  await using configFile = await ConfigFile.open(options.config ?? configFileName, workingDir);
  const { plan, schemaFile } = await planForFile(file, options, context);
  const changed = changesOf(plan);
  if (changed.length > 0) {
    for (const { namespace, declaration, schema } of changed) {
      const entry = declaration as unknown as NamespaceEntry;
      if (schema?.changed) {
        const { file: keptIn, path } = schemaFile(namespace);
        configFile.addFile(path, schema.descriptorSet);
        configFile.setNamespace(namespace, { ...entry, schema: { message: schema.message, file: keptIn } });
      } else configFile.setNamespace(namespace, entry);
    }
    // What is written is what a proxy would take, or it is not written.
    await configFile.replace((candidate) =>
      loadConfig({ file: candidate, environment, workingDir, shippedPluginBases }).then(() => {}),
    );
  }
  const text = `${formatPlan(plan)}${outcome(changed.length, configFile.file)}\n`;
  await context.stdout.write(options.json ? jsonLine({ file: configFile.file, ...planJson(plan) }) : text);
}

function outcome(changes: number, file: string): string {
  return changes === 0 ? `${file} is as it should be` : `written to ${file}`;
}
