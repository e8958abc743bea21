const millisecondsPerUnit = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;
const bytesPerUnit = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 } as const;
const multiplierOf = { "": 1, k: 1_000, M: 1_000_000 } as const;

/** A whole number such as `10000`, `10k`, `2M`; `undefined` when the text is none. */
export function parseCount(text: string): number | undefined {
  return parse(/^(\d{1,15})(|k|M)$/.exec(text), multiplierOf);
}

/** Milliseconds of a time such as `90` (days), `90d`, `36h`, `12w`; `undefined` when the text is none. */
export function parseRetention(text: string): number | undefined {
  return parseDuration(/^\d+$/.test(text) ? `${text}d` : text);
}

/** Milliseconds of a time such as `10ms`, `30s`, `5m`, `36h`, `90d`, `12w`; `undefined` when the text is none. */
export function parseDuration(text: string): number | undefined {
  return parse(/^(\d{1,9})(ms|s|m|h|d|w)$/.exec(text), millisecondsPerUnit);
}

/** Milliseconds of a time such as `60` (seconds) or `5m`; `undefined` when the text is none. */
export function parseSeconds(text: string): number | undefined {
  return parseDuration(/^\d+$/.test(text) ? `${text}s` : text);
}

/** Bytes of a size such as `400B`, `4KiB`, `1MiB`, `500GiB`; `undefined` when the text is none. */
export function parseSize(text: string): number | undefined {
  return parse(/^(\d{1,9})(B|KiB|MiB|GiB|TiB)$/.exec(text), bytesPerUnit);
}

/** Bytes of a number of GiB, such as `500`, or of a size with its unit; `undefined` when the text is none. */
export function parseGibibytes(text: string): number | undefined {
  return parseSize(/^\d+$/.test(text) ? `${text}GiB` : text);
}

function parse<Units extends Readonly<Record<string, number>>>(
  match: RegExpExecArray | null,
  units: Units,
): number | undefined {
  if (match === null) return undefined;
  const [, digits = "", unit = ""] = match;
  return Number(digits) * units[unit]!;
}

/** A number as people read it. */
export const countText = (value: number) => value.toLocaleString("en", { maximumFractionDigits: 2 });

/** Bytes as people read them. */
export function sizeText(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(bytes, 1)) / 10));
  return `${(bytes / 1_024 ** power).toLocaleString("en", { maximumFractionDigits: 1 })} ${units[power]}`;
}

/** Milliseconds as prism.yaml has them: in the largest unit that holds them whole, hours at most. */
export function durationText(milliseconds: number): string {
  const unit = (["h", "m", "s"] as const).find((each) => milliseconds % millisecondsPerUnit[each] === 0) ?? "ms";
  return `${milliseconds / millisecondsPerUnit[unit]}${unit}`;
}
