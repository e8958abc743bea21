import type { Needs } from "../needs.js";
import { countText } from "../quantity.js";
import type { Draft } from "./figure.js";

/** How many times what was estimated may come before calls are refused: estimates are of the busiest time, and peaks are higher. */
export const limitHeadroom = 2;

/** What `limits.calls_per_second` takes. */
const callsPerSecondMax = 1_000_000;

/** How many calls may begin in a second; `undefined`: no rate was estimated. */
export function planLimit({ readsPerSecond, writesPerSecond }: Needs, { figures }: Draft): number | undefined {
  if (readsPerSecond === undefined && writesPerSecond === undefined) return undefined;
  const estimated = (readsPerSecond ?? 0) + (writesPerSecond ?? 0);
  const wanted = Math.max(1, estimated * limitHeadroom);
  if (wanted > callsPerSecondMax) {
    const formula = `${countText(wanted)} calls/s are more than a limit can say`;
    figures.push({ name: "limit", value: "none", formula });
    return undefined;
  }
  figures.push({
    name: "limit",
    value: `${countText(wanted)} calls/s`,
    formula: `${countText(estimated)} calls/s × ${limitHeadroom}; more are refused`,
  });
  return wanted;
}
