import type { Command } from "commander";
import type { CommandContext } from "../../invocation.js";
import { addBackup } from "./backup.js";
import { addShow } from "./show.js";

/** `prism control`: what was declared over the admin API, as it is stored; no proxy is asked. */
export function addControl(program: Command, context: CommandContext): void {
  const control = program.command("control").description("look after what was declared over the admin API");
  for (const add of [addBackup, addShow]) add(control, context);
}
