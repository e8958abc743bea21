import type { Command } from "commander";
import type { CommandContext } from "../../invocation.js";
import { addDead } from "./dead.js";
import { addDescribe } from "./describe.js";
import { addReceive } from "./receive.js";
import { addRedrive } from "./redrive.js";
import { addSend } from "./send.js";
import { addAck, addReject } from "./settle.js";

/** `prism queue`: the queue pattern by hand. */
export function addQueue(program: Command, context: CommandContext): void {
  const queue = program.command("queue").description("use a queue namespace");
  for (const add of [addSend, addReceive, addAck, addReject, addDescribe, addDead, addRedrive]) add(queue, context);
}
