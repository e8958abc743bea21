import { writeFile } from "node:fs/promises";
import path from "node:path";
import type { Command } from "commander";
import type { CommandContext } from "../../invocation.js";
import { jsonLine } from "../../json-line.js";
import { addKeptOptions, type KeptOptions, readKept } from "./kept-schema.js";

interface GetOptions extends KeptOptions {
  readonly output?: string;
  readonly json?: boolean;
}

/** `prism schema get`: what is kept of the messages in a namespace. */
export function addGet(schema: Command, context: CommandContext): void {
  const command = schema
    .command("get")
    .description("show what is kept of an app's messages in a namespace")
    .argument("<namespace>", "the namespace's name");
  addKeptOptions(command)
    .option("-o, --output <file>", "write the descriptor set into a file")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      `
Prints .proto files: the message and all that it needs, without comments and options.

Examples:
  prism schema get user-events
  prism schema get user-events --admin 127.0.0.1:8981 -o user-events.binpb`,
    )
    .action(async (namespace: string, options: GetOptions) => {
      const { schemaOfDescriptors, schemaTexts } = await import("@prism-data/planner");
      const { message, files } = await readKept(namespace, options, context);
      if (options.output !== undefined) await writeFile(path.resolve(context.workingDir, options.output), files);
      const texts = schemaTexts(schemaOfDescriptors(files));
      if (options.json) {
        const descriptorSet = Buffer.from(files).toString("base64");
        await context.stdout.write(jsonLine({ namespace, message, files: texts, descriptorSet }));
      } else if (options.output === undefined) {
        await context.stdout.write(texts.map(({ file, text }) => `// ${file}\n${text}`).join("\n"));
      }
    });
}
