const microsPerMs = 1_000n;
const microsPerSecond = 1_000_000n;

const instantPattern = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}:\d{2})(?:\.(\d{1,6}))?(Z|[+-]\d{2}:\d{2})$/;

/** Microseconds since the Unix epoch as `2026-02-28T23:59:59.123456Z`. For the years 1 to 9999. */
export function isoOfMicros(micros: bigint): string {
  const restMicros = ((micros % microsPerSecond) + microsPerSecond) % microsPerSecond;
  const seconds = new Date(Number((micros - restMicros) / microsPerMs)).toISOString().slice(0, 19);
  return `${seconds}.${String(restMicros).padStart(6, "0")}Z`;
}

/** What `isoOfMicros` writes, or the same with an offset, in microseconds. `undefined`: the text is no exact instant. */
export function microsOfIso(text: string): bigint | undefined {
  const [, date, time, fraction = "", offset] = instantPattern.exec(text) ?? [];
  if (date === undefined || !isCalendarDate(date)) return undefined;
  const epochMs = Date.parse(`${date}T${time}${offset}`);
  if (Number.isNaN(epochMs)) return undefined;
  return BigInt(epochMs) * microsPerMs + BigInt(fraction.padEnd(6, "0"));
}

/** Whether a text is a date as `2026-02-28` that the calendar has. */
export function isCalendarDate(text: string): boolean {
  const epochMs = Date.parse(`${text}T00:00:00Z`);
  // A day that the month does not have moves on into the next.
  return /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(epochMs) && isoDate(epochMs) === text;
}

function isoDate(epochMs: number): string {
  return new Date(epochMs).toISOString().slice(0, 10);
}
