import { bytesMaxOf, storedOn } from "./capacity/storage.js";
import { consistencyOn, isAtLeast } from "./consistency.js";
import type { Needs } from "./needs.js";
import type { Offer, OfferedPattern } from "./offer.js";
import { countText, sizeText } from "./quantity.js";

/** What a backend lacks of what must be there. */
export interface Lack {
  readonly reason: string;
  /** What would have to change in the needs for this backend to pass. */
  readonly instead: string;
}

/** What must be there: a backend that lacks it is not taken. */
export interface HardRule {
  readonly name: string;
  /** What it asks of a backend, for people. */
  readonly asks: string;
  /** What the backend lacks; `undefined`: nothing. */
  lackOf(needs: Needs, offer: Offer, offered: OfferedPattern): Lack | undefined;
}

const capability = (name: string, instead: string): Lack => ({ reason: `it lacks the capability ${name}`, instead });

/** All of them, for a backend that has the pattern. */
export const hardRules: readonly HardRule[] = [
  {
    name: "named backend",
    asks: "with `backend`: the name, or its plugin's",
    lackOf: ({ backend, message }, offer) =>
      backend === undefined || backend === offer.backend || backend === offer.plugin
        ? undefined
        : { reason: `${message} names ${backend}`, instead: `(prism.backend) = "${offer.backend}"` },
  },
  {
    name: "retention",
    asks: "with `retention_days` on a log: the capability retention; on pub-sub: durable",
    lackOf({ retentionMs, pattern }, _, { capabilities }) {
      const needed = pattern === "stream" ? "retention" : pattern === "pub-sub" ? "durable" : undefined;
      if (retentionMs === undefined || needed === undefined || capabilities.includes(needed)) return undefined;
      return capability(needed, "(prism.retention_days) left out");
    },
  },
  {
    name: "ttl",
    asks: "with `ttl`: the capability ttl",
    lackOf: ({ ttlMs }, _, { capabilities }) =>
      ttlMs === undefined || capabilities.includes("ttl") ? undefined : capability("ttl", "(prism.ttl) left out"),
  },
  {
    name: "ordering",
    asks: "with `ordering` per_key on pub-sub: the capability ordering",
    lackOf: ({ ordering, pattern }, _, { capabilities }) =>
      ordering !== "per_key" || pattern !== "pub-sub" || capabilities.includes("ordering")
        ? undefined
        : capability("ordering", '(prism.ordering) = "none"'),
  },
  {
    name: "durability",
    asks: "with `durability`: that what it acknowledges outlives its process",
    lackOf: ({ durability }, _, offered) =>
      durability === undefined || offered.durability !== "ephemeral"
        ? undefined
        : {
            reason: `what it acknowledges is lost with its process, and durability ${durability} is needed`,
            instead: "(prism.durability) left out",
          },
  },
  {
    name: "consistency",
    asks: "with `consistency`: that reads see at least as much",
    lackOf({ consistency, pattern }, offer) {
      if (consistency === undefined || consistency === "eventual") return undefined;
      const given = consistencyOn(offer, pattern);
      if (given !== undefined && isAtLeast(given.consistency, consistency)) return undefined;
      const reason =
        given === undefined
          ? `what its reads see is not known, and consistency ${consistency} is needed`
          : `its reads are ${given.consistency}: ${given.reason}`;
      return { reason, instead: '(prism.consistency) = "eventual"' };
    },
  },
  {
    name: "message size",
    asks: "that it takes the largest message",
    lackOf: ({ largestItemBytes }, _, { itemBytesMax }) =>
      itemBytesMax === undefined || largestItemBytes <= itemBytesMax
        ? undefined
        : {
            reason: `it takes ${countText(itemBytesMax)} bytes at most`,
            instead: `messages of ${countText(itemBytesMax)} bytes or less`,
          },
  },
  {
    name: "space",
    asks: "that the data has room where the backend has a bound: `max_bytes`",
    lackOf(needs, offer) {
      const [stored, bytesMax] = [storedOn(needs, offer), bytesMaxOf(offer)];
      if (stored === undefined || bytesMax === undefined || stored.bytes <= bytesMax) return undefined;
      const reason = `it may hold ${sizeText(bytesMax)}, and ${sizeText(stored.bytes)} are needed: ${stored.formula}`;
      return { reason, instead: `at most ${sizeText(bytesMax)} of data, or a larger max_bytes` };
    },
  },
];

/** All that a backend lacks for the needs. */
export function lacksOf(needs: Needs, offer: Offer): readonly Lack[] {
  if (offer.patterns === undefined)
    return [
      {
        reason: "its plugin's package does not say what it offers",
        instead: "a package that describes itself under prism in its package.json",
      },
    ];
  const offered = offer.patterns.get(needs.pattern);
  if (offered === undefined) {
    const has = [...offer.patterns.keys()].join(", ");
    return [{ reason: `it has no ${needs.pattern}`, instead: `(prism.pattern) one of ${has}` }];
  }
  const away =
    offer.away === undefined ? [] : [{ reason: offer.away, instead: "itself ready and its data system reachable" }];
  return [...away, ...hardRules.flatMap(({ lackOf }) => lackOf(needs, offer, offered) ?? [])];
}
