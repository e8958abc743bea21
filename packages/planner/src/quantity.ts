const millisecondsPerUnit = { h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;
const bytesPerUnit = { B: 1, KiB: 1_024, MiB: 1_048_576 } as const;
const multiplierOf = { "": 1, k: 1_000, M: 1_000_000 } as const;

/** A whole number such as `10000`, `10k`, `2M`; `undefined` when the text is none. */
export function parseCount(text: string): number | undefined {
  return parse(/^(\d{1,15})(|k|M)$/.exec(text), multiplierOf);
}

/** Milliseconds of a time such as `90` (days), `90d`, `36h`, `12w`; `undefined` when the text is none. */
export function parseRetention(text: string): number | undefined {
  return parse(/^(\d{1,6})(d|h|w)$/.exec(/^\d+$/.test(text) ? `${text}d` : text), millisecondsPerUnit);
}

/** Bytes of a size such as `400B`, `4KiB`, `1MiB`; `undefined` when the text is none. */
export function parseSize(text: string): number | undefined {
  return parse(/^(\d{1,9})(B|KiB|MiB)$/.exec(text), bytesPerUnit);
}

function parse<Units extends Readonly<Record<string, number>>>(
  match: RegExpExecArray | null,
  units: Units,
): number | undefined {
  if (match === null) return undefined;
  const [, digits = "", unit = ""] = match;
  return Number(digits) * units[unit]!;
}
