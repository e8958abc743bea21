import { noSizeLimits, type SizeLimits } from "../patterns/size-limits.js";
import type * as wire from "./gen/prism/plugin/v1/plugin.js";

/** Limits on the wire: 0 for those that are not given. `undefined`: none is. */
export function wireSizeLimits({ valueBytes = 0, batchEntries = 0 }: SizeLimits): wire.SizeLimits | undefined {
  if (valueBytes === 0 && batchEntries === 0) return undefined;
  return { valueBytes: BigInt(valueBytes), batchEntries: BigInt(batchEntries) };
}

export function sizeLimitsOfWire(limits: wire.SizeLimits | undefined): SizeLimits {
  if (limits === undefined) return noSizeLimits;
  return { valueBytes: Number(limits.valueBytes) || undefined, batchEntries: Number(limits.batchEntries) || undefined };
}
