import type { Command } from "commander";
import type { CommandContext } from "../../invocation.js";
import { addPublish } from "./publish.js";
import { addSubscribe } from "./subscribe.js";

/** `prism pubsub`: the pub-sub pattern by hand. */
export function addPubSub(program: Command, context: CommandContext): void {
  const pubsub = program.command("pubsub").description("use a pub-sub namespace");
  for (const add of [addPublish, addSubscribe]) add(pubsub, context);
}
