import type { Command } from "commander";
import type { CommandContext } from "../../invocation.js";
import { addDisable } from "./disable.js";
import { addEnable } from "./enable.js";

/** `prism backend`: which backends of a running proxy are in service. */
export function addBackend(program: Command, context: CommandContext): void {
  const backend = program.command("backend").description("take backends of a running proxy out of service and back");
  for (const add of [addDisable, addEnable]) add(backend, context);
}
