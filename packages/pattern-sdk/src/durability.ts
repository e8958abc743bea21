import { GatewayError } from "./errors.js";

/**
 * What an acknowledged write survives, least first: nothing but the process · what the data system behind the plugin is set to
 * survive · a power cut (synced to disk).
 */
export const durabilities = ["ephemeral", "backend", "disk"] as const;

export type Durability = (typeof durabilities)[number];

/** What an acknowledged write to a namespace survives as its data system is set now. */
export interface GivenDurability {
  readonly durability: Durability;
  /**
   * Why it is no more, and which setting to change: whole sentences, without secrets, for the operator of a namespace that needs
   * more. Default: to put the namespace on another backend.
   */
  readonly advice?: string;
}

/** Whether what is given is what is needed, or more. */
export function isDurableEnough(given: Durability, needed: Durability): boolean {
  return durabilities.indexOf(given) >= durabilities.indexOf(needed);
}

/** `DURABILITY_MISSING`: the namespace needs more than it would get. */
export function durabilityMissingError(
  namespace: string,
  needed: Durability,
  { durability, advice = "Put the namespace on another backend, or write a lower durability." }: GivenDurability,
): GatewayError {
  return new GatewayError(
    "DURABILITY_MISSING",
    `Namespace ${JSON.stringify(namespace)} needs durability ${needed}, but a write there survives only what ${durability} says. ${advice}`,
    { metadata: { namespace, needed, given: durability } },
  );
}
