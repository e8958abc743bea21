import type { Command } from "commander";
import type { CommandContext } from "../../invocation.js";
import { addApply } from "./apply.js";
import { addDelete } from "./delete.js";
import { addExplain } from "./explain.js";
import { addGet } from "./get.js";
import { addList } from "./list.js";
import { addRestore } from "./restore.js";
import { addUpdate } from "./update.js";

/** `prism namespace`: the namespaces of a running proxy. */
export function addNamespace(program: Command, context: CommandContext): void {
  const namespace = program.command("namespace").description("look after the namespaces of a running proxy");
  for (const add of [addList, addGet, addApply, addUpdate, addDelete, addRestore, addExplain]) add(namespace, context);
}
