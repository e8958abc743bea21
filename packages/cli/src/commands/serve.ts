import type { ConfigFlags } from "@prism-data/proxy";
import type { Command } from "commander";
import type { CommandContext } from "../invocation.js";

interface Options extends ConfigFlags {
  readonly config?: string;
}

/** `prism serve`: runs the proxy until it is told to stop. */
export function addServe(program: Command, context: CommandContext): void {
  program
    .command("serve")
    .description("run the proxy in the foreground")
    .option(
      "-c, --config <file>",
      "the configuration (default: prism.yaml in the working folder, else memory and SQLite)",
    )
    .option("--listen <host:port>", "where apps connect (also: PRISM_LISTEN)")
    .option("--admin-listen <host:port>", "where operators connect (also: PRISM_ADMIN_LISTEN)")
    .option("--data-dir <folder>", "where embedded data is kept (also: PRISM_DATA_DIR)")
    .option("--log-level <level>", "silent, error, warn, info, debug or trace (also: PRISM_LOG_LEVEL)")
    .option("--strict-start", "do not start unless every backend and namespace serves (also: PRISM_STRICT_START)")
    .addHelpText(
      "after",
      `
Logs go to stderr. When ready, stdout gets one line: {"ready":true,"listen":"HOST:PORT","admin":"HOST:PORT","pid":N}; on a
terminal, a banner. SIGTERM and Ctrl-C drain and exit 0; a second one ends at once. SIGHUP, and a change of the file, reload.

Examples:
  prism serve
  prism serve -c staging.yaml --listen 0.0.0.0:8980
  prism serve --listen 127.0.0.1:0 --admin-listen 127.0.0.1:0    free ports`,
    )
    .action(async ({ config, ...flags }: Options) => {
      // Loaded here, so that the other commands need not wait for the gateway's code.
      const { serve } = await import("../serving.js");
      await serve({ file: config, flags }, context);
    });
}
