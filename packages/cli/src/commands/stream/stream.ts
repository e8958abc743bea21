import type { Command } from "commander";
import type { CommandContext } from "../../invocation.js";
import { addAppend } from "./append.js";
import { addConsume } from "./consume.js";
import { addDescribe } from "./describe.js";
import { addRead } from "./read.js";

/** `prism stream`: the stream pattern by hand. */
export function addStream(program: Command, context: CommandContext): void {
  const stream = program.command("stream").description("use a stream namespace");
  for (const add of [addAppend, addRead, addConsume, addDescribe]) add(stream, context);
}
