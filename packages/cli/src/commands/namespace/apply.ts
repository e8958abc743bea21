import { readFile } from "node:fs/promises";
import path from "node:path";
import type { Command } from "commander";
import { parse } from "yaml";
import { AdminClient, emptyNamespace } from "../../admin-client.js";
import { CommandFailure } from "../../command-failure.js";
import { ExitCode } from "../../exit-code.js";
import type { CommandContext } from "../../invocation.js";
import { jsonLine } from "../../json-line.js";
import { namespaceJson } from "../../namespace-json.js";
import { addAdminOptions, connectToAdmin, type ProxyOptions } from "../../proxy-options.js";

interface ApplyOptions extends ProxyOptions {
  readonly validateOnly?: boolean;
  readonly allowDataLoss?: boolean;
}

/** `prism namespace apply`: declares the namespaces of a file at a running proxy. */
export function addApply(namespace: Command, context: CommandContext): void {
  const command = namespace.command("apply").description("declare the namespaces of a file").arguments("<file>");
  addAdminOptions(command)
    .option("--validate-only", "change nothing; say what would be changed, or what is wrong")
    .option("--allow-data-loss", "let a namespace get another pattern or backend; its data does not move along")
    .addHelpText(
      "after",
      `
The file has \`namespaces:\` as prism.yaml has it. All of them are declared or none; again: changes nothing. They serve at once, are
kept by the proxy, and need no prism.yaml. What prism.yaml declares cannot be changed by it.

Examples:
  prism namespace apply namespaces.yaml
  prism namespace apply namespaces.yaml --validate-only`,
    )
    .action(async (file: string, options: ApplyOptions) => {
      const declarations = await readDeclarations(path.resolve(context.workingDir, file), file);
      await using connection = await connectToAdmin(options, context);
      const { validateOnly = false, allowDataLoss = false } = options;
      const { namespaces, changed } = await new AdminClient(connection).applyNamespaces({
        namespaces: declarations.map(([name, declaration]) => ({ ...emptyNamespace, name, declaration })),
        validateOnly,
        allowDataLoss,
        exact: false,
      });
      if (namespaces.some(({ state }) => state === "failed")) context.finish(ExitCode.failed);
      const lines = namespaces.map(({ name, state, detail }) => {
        const verb = validateOnly ? "would be declared" : "declared";
        const outcome = state === "" ? "" : `; it is ${detail === "" ? state : `${state}: ${detail}`}`;
        return `${name}: ${changed.includes(name) ? verb : "as it was"}${outcome}\n`;
      });
      const json = { namespaces: namespaces.map(namespaceJson), changed };
      await context.stdout.write(options.json ? jsonLine(json) : lines.join(""));
    });
}

type DeclarationMap = { readonly [name: string]: { readonly [key: string]: unknown } };

async function readDeclarations(file: string, given: string) {
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw new CommandFailure(ExitCode.usage, `${given} cannot be read (${error.code})`, { cause: error });
  });
  const { namespaces } = (parsedYaml(text, given) ?? {}) as { readonly namespaces?: DeclarationMap };
  const entries = Object.entries(namespaces ?? {});
  const isMap = (value: unknown) => typeof value === "object" && value !== null && !Array.isArray(value);
  if (isMap(namespaces) && entries.length > 0 && entries.every(([, entry]) => isMap(entry))) return entries;
  throw new CommandFailure(ExitCode.usage, `${given} has no \`namespaces:\` with a map below each name`);
}

function parsedYaml(text: string, given: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    throw new CommandFailure(ExitCode.usage, `${given} is not YAML: ${(error as Error).message}`, { cause: error });
  }
}
