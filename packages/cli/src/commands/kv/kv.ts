import type { Command } from "commander";
import type { CommandContext } from "../../invocation.js";
import { addCount } from "./count.js";
import { addDelete } from "./delete.js";
import { addExists } from "./exists.js";
import { addGet } from "./get.js";
import { addScan } from "./scan.js";
import { addSet } from "./set.js";
import { addWatch } from "./watch.js";

/** `prism kv`: the key-value pattern by hand. */
export function addKv(program: Command, context: CommandContext): void {
  const kv = program.command("kv").description("use a key-value namespace");
  for (const add of [addGet, addSet, addDelete, addExists, addScan, addCount, addWatch]) add(kv, context);
}
