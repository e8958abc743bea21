import { access } from "node:fs/promises";
import path from "node:path";
import type { BreakingChange, Schema } from "@prism-data/planner";
import type { Command } from "commander";
import { readAppFiles } from "../../app-files.js";
import { CommandFailure } from "../../command-failure.js";
import { ExitCode } from "../../exit-code.js";
import type { CommandContext } from "../../invocation.js";
import { jsonLine } from "../../json-line.js";
import { textTable } from "../../text-table.js";
import { addKeptOptions, type KeptOptions, readKept } from "./kept-schema.js";

interface Options extends KeptOptions {
  readonly json?: boolean;
}

/** `prism schema diff`: what a change of an app's messages breaks. */
export function addDiff(schema: Command, context: CommandContext): void {
  const command = schema
    .command("diff")
    .description("tell what a change of an app's messages would break of what is kept")
    .argument("<old>", "as it was: a .proto, a folder of them, a descriptor set, or a namespace that keeps them")
    .argument("<new>", "as it would be: a .proto, a folder of them, or a descriptor set");
  addKeptOptions(command)
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      `
Names every change with which programs misread what others wrote before it, or after: the rules for messages and enums of
buf breaking in its category WIRE_JSON. Exit code 1 when there is one. What is no file, and anything with -c or --admin, is the
name of a namespace: what \`prism apply\` kept with it is compared.

Examples:
  prism schema diff main/events.proto events.proto
  prism schema diff released.binpb proto --json
  prism schema diff user-events app.proto --admin 127.0.0.1:8981`,
    )
    .action(async (before: string, after: string, options: Options) => {
      const { breakingChanges } = await import("@prism-data/planner");
      const [old, next] = [await readOld(before, options, context), await readSchema(after, context)];
      const changes = breakingChanges(old, next);
      if (changes.length > 0) context.finish(ExitCode.failed);
      await context.stdout.write(options.json ? jsonLine({ breaking: changes }) : formatChanges(changes));
    });
}

/** Of a file, or of a namespace. */
async function readOld(name: string, options: Options, context: CommandContext): Promise<Schema> {
  const isPlace = options.config !== undefined || options.admin !== undefined;
  const isFile = await access(path.resolve(context.workingDir, name)).then(
    () => true,
    () => false,
  );
  if (isFile && !isPlace) return await readSchema(name, context);
  const { schemaOfDescriptors } = await import("@prism-data/planner");
  return schemaOfDescriptors((await readKept(name, options, context)).files);
}

async function readSchema(name: string, { workingDir }: CommandContext): Promise<Schema> {
  const { NeedsError, schemaOfDescriptors, schemaOfProtos } = await import("@prism-data/planner");
  const files = await readAppFiles(path.resolve(workingDir, name));
  if (files.kind === "yaml") throw new CommandFailure(ExitCode.usage, `${name} has no messages: name a .proto of them`);
  try {
    return files.kind === "protos" ? schemaOfProtos(files.protos) : schemaOfDescriptors(files.bytes);
  } catch (cause) {
    const why =
      cause instanceof NeedsError ? cause.message : `${name} is no descriptor set: ${(cause as Error).message}`;
    throw new CommandFailure(ExitCode.usage, why, { cause });
  }
}

function formatChanges(changes: readonly BreakingChange[]): string {
  if (changes.length === 0) return "nothing breaks\n";
  const rows = changes.map(({ at, message, rule }) => [at, message, rule]);
  return `${textTable([["WHERE", "WHAT", "RULE"], ...rows])}\n${changes.length} breaking\n`;
}
