import type { Duration } from "../gen/google/protobuf/duration.js";
import {
  checkCount,
  checkedDurationMs,
  checkName,
  checkText,
  type DurationRange,
  invalidField,
} from "../pattern/checked-fields.js";
import { causeBytesMax, deliveryIdBytesMax, deliveryTimeMsMax, messagesPerRequestMax } from "./messaging-bounds.js";

const wholeSecondMs = 1_000;

const holdRange: DurationRange = {
  aboveZero: true,
  maxMs: deliveryTimeMsMax,
  maxText: "12 hours",
  advice: "give 1 second to 12 hours, or leave it out for the default",
};

const delayRange: DurationRange = {
  aboveZero: false,
  maxMs: deliveryTimeMsMax,
  maxText: "12 hours",
  advice: "leave it out for no delay",
};

/** The ids of deliveries that are acknowledged, rejected or extended. */
export function checkedDeliveryIds(ids: readonly string[], field: string): readonly string[] {
  checkCount(ids.length, messagesPerRequestMax, field);
  for (const [index, id] of ids.entries()) checkName(id, deliveryIdBytesMax, `${field}[${index}]`);
  return ids;
}

/** How long a message is one reader's: whole seconds from 1 s to 12 h, in ms. */
export function checkedHoldMs(duration: Duration | undefined, defaultMs: number, field: string): number {
  return duration === undefined ? defaultMs : checkedDurationMs(duration, holdRange, wholeSecondMs, field);
}

/** How long a rejected message waits: 0 to 12 h, in ms. */
export function checkedRejectionDelayMs(duration: Duration | undefined, field: string): number {
  return duration === undefined ? 0 : checkedDurationMs(duration, delayRange, 1, field);
}

export function checkedCause(cause: string, field: string): string {
  checkText(cause, causeBytesMax, field);
  return cause;
}

/** A number within bounds, for which 0 means the default. */
export function checkedWithin(
  value: number,
  { min, max, fallback }: { readonly min: number; readonly max: number; readonly fallback: number },
  field: string,
): number {
  if (value === 0) return fallback;
  if (value < min || value > max) {
    throw invalidField(field, `is ${value}; give ${min} to ${max}, or leave it out for ${fallback}`);
  }
  return value;
}
