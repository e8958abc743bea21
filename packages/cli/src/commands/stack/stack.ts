import type { Command } from "commander";
import type { CommandContext } from "../../invocation.js";
import { addDown } from "./down.js";
import { addLogs } from "./logs.js";
import { addStatus } from "./status.js";
import { addUp } from "./up.js";

/** `prism stack`: the data systems that backends talk to, on this machine, to develop with. */
export function addStack(program: Command, context: CommandContext): void {
  const stack = program
    .command("stack")
    .description("run Redis, NATS, PostgreSQL and Kafka on this machine, to develop with");
  for (const add of [addUp, addDown, addStatus, addLogs]) add(stack, context);
}
