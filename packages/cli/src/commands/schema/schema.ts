import type { Command } from "commander";
import type { CommandContext } from "../../invocation.js";
import { addDiff } from "./diff.js";
import { addGet } from "./get.js";

/** `prism schema`: the messages that an app keeps. */
export function addSchema(program: Command, context: CommandContext): void {
  const schema = program.command("schema").description("look after the messages that an app keeps");
  addGet(schema, context);
  addDiff(schema, context);
}
