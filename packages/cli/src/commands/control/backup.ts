import { resolve } from "node:path";
import type { Command } from "commander";
import type { CommandContext } from "../../invocation.js";
import { jsonLine } from "../../json-line.js";
import { addStateOptions, type StateOptions, withStoredState } from "./stored-state.js";

interface Options extends StateOptions {
  readonly json?: boolean;
}

/** `prism control backup`: copies the control state as of one moment. */
export function addBackup(control: Command, context: CommandContext): void {
  const command = control
    .command("backup")
    .description("copy the control state into a new file, beside a running proxy")
    .argument("<file>", "the copy; must not exist");
  addStateOptions(command)
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      `
The copy is a whole control state in one file, readable for you only. To restore it, stop every proxy that uses the state, remove
control.db, control.db-wal and control.db-shm in data_dir and put the copy there as control.db. A control state in PostgreSQL is
backed up with pg_dump.

Examples:
  prism control backup control-$(date +%F).db
  prism control backup -c /etc/prism/prism.yaml /var/backups/prism-control.db`,
    )
    .action(async (file: string, options: Options) => {
      const copy = resolve(context.workingDir, file);
      const place = await withStoredState(options, context, async (state) => {
        await state.backup(copy);
        return state.place;
      });
      await context.stdout.write(options.json ? jsonLine({ from: place, to: copy }) : `copied ${place} to ${copy}\n`);
    });
}
