import type { GatewayError } from "../../errors.js";
import type { Message } from "../../protocol/gen/prism/message/v1/message.js";
import type * as wire from "../../protocol/gen/prism/stream/v1/stream.js";
import { failureInStatus } from "../failure-in-status.js";
import { messageOf, textOf } from "../messaging/messages.js";

/** What an app appends: a text is a payload and nothing else. */
export type Appended = Message | string;

/** The record's payload as text. */
export function recordText({ message }: wire.Record): string {
  return textOf(message!);
}

/** The position or the failure of one record. */
export function positionOrFailure({ outcome }: wire.AppendOutcome): wire.Position | GatewayError {
  if (outcome?.$case === "position") return outcome.value;
  if (outcome === undefined) throw new Error("The outcome of a record is neither a position nor an error.");
  return failureInStatus(outcome.value);
}

/** A record as the wire has it. */
export function recordOf(record: Appended): Message {
  return typeof record === "string" ? messageOf({ payload: record }) : record;
}

/** Texts that tell records apart: `PREFIX 0`, `PREFIX 1` and so on. */
export function series(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix} ${index}`);
}

/** Whether offsets only grow. */
export function areGrowing(offsets: readonly bigint[]): boolean {
  return offsets.every((offset, index) => index === 0 || offset > offsets[index - 1]!);
}
