import type { Config } from "@prism-data/proxy";
import type { Command } from "commander";
import { ExitCode } from "../exit-code.js";
import type { CommandContext } from "../invocation.js";
import { jsonLine } from "../json-line.js";
import { shippedPluginBases } from "../shipped-plugins.js";

interface Options {
  readonly config?: string;
  readonly json?: boolean;
}

/** `prism check`: reads the configuration as `prism serve` would, says all that is wrong with it, and starts nothing. */
export function addCheck(program: Command, context: CommandContext): void {
  program
    .command("check")
    .description("check a configuration and start nothing")
    .option("-c, --config <file>", "the configuration (default: prism.yaml in the working folder)")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      `
Every problem is listed with its place. Exits 0 when there is none, 2 otherwise.

Examples:
  prism check
  prism check -c staging.yaml --json`,
    )
    .action((options: Options) => check(options, context));
}

async function check(options: Options, context: CommandContext): Promise<void> {
  // Loaded here, so that the other commands need not wait for the gateway's code.
  const { ConfigError, loadConfig } = await import("@prism-data/proxy");
  const { environment, workingDir } = context;
  try {
    const config = await loadConfig({ file: options.config, environment, workingDir, shippedPluginBases });
    await context.stdout.write(options.json ? jsonLine({ ok: true, ...summaryOf(config) }) : formatSummary(config));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    context.finish(ExitCode.usage);
    if (options.json) await context.stdout.write(jsonLine({ ok: false, problems: error.problems }));
    else await context.stderr.write(`${error.message}\n`);
  }
}

function summaryOf(config: Config) {
  return {
    file: config.file ?? null,
    backends: [...config.backends.keys()],
    namespaces: [...config.namespaces.keys()],
    services: [...config.services.keys()],
  };
}

function formatSummary(config: Config): string {
  const { file, backends, namespaces, services } = summaryOf(config);
  const name = file ?? "no prism.yaml here: the default configuration";
  return `${name}: OK (backends: ${list(backends)}; namespaces: ${list(namespaces)}; services: ${list(services)})\n`;
}

function list(names: readonly string[]): string {
  return names.length === 0 ? "none" : names.join(", ");
}
