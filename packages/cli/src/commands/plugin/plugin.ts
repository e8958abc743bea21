import type { Command } from "commander";
import type { CommandContext } from "../../invocation.js";
import { addDescribe } from "./describe.js";
import { addList } from "./list.js";
import { addRestart } from "./restart.js";
import { addScale } from "./scale.js";

/** `prism plugin`: the plugin processes of a running proxy. */
export function addPlugin(program: Command, context: CommandContext): void {
  const plugin = program.command("plugin").description("look after the plugin processes of a running proxy");
  for (const add of [addList, addDescribe, addRestart, addScale]) add(plugin, context);
}
