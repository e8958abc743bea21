import type { Durability } from "../durability.js";
import { Durability as WireDurability } from "./gen/prism/plugin/v1/plugin.js";

const numbers = {
  ephemeral: WireDurability.EPHEMERAL,
  backend: WireDurability.BACKEND,
  disk: WireDurability.DISK,
} as const satisfies Record<Durability, number>;

/** The number of a durability; `undefined` is DURABILITY_UNSPECIFIED. */
export function wireDurability(durability: Durability | undefined): WireDurability {
  return durability === undefined ? WireDurability.UNSPECIFIED : numbers[durability];
}

/** The durability of a number. `undefined`: it says none, or one that is not known here. */
export function durabilityOfWire(number: number): Durability | undefined {
  return (Object.keys(numbers) as Durability[]).find((name) => numbers[name] === number);
}
