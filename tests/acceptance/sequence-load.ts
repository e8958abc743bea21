import { type Failure, failureOf } from "./error-details.ts";
import { type KeyValueClient, newIdempotencyToken } from "./key-value-client.ts";

/** What a load saw. `wrong` is empty when every promise was kept. */
export interface LoadReport {
  acknowledged: number;
  read: number;
  /** Writes without a token that failed with UNAVAILABLE because a plugin crashed. */
  interrupted: number;
  wrong: string[];
}

/** One key with one writer: what its value may be. */
interface Lane {
  readonly key: string;
  /** The last number that was acknowledged or read. */
  confirmed: number;
  /** The last number that a write was tried with; more than `confirmed` if its answer was lost. */
  tried: number;
}

// Longer than a plugin takes to be back, so that a call with a token can outlive a crash.
const callTimeoutMs = 8_000;

/**
 * Writes growing numbers under a few keys and reads them back, one call at a time per key, until stopped. Every second write
 * carries an idempotency token. Then reads each key once more.
 */
export async function runSequenceLoad(
  client: KeyValueClient,
  { lanes, stop }: { lanes: number; stop: AbortSignal },
): Promise<LoadReport> {
  const report: LoadReport = { acknowledged: 0, read: 0, interrupted: 0, wrong: [] };
  const all = Array.from({ length: lanes }, (_, index): Lane => ({ key: `lane-${index}`, confirmed: 0, tried: 0 }));
  await Promise.all(
    all.map(async (lane) => {
      while (!stop.aborted && report.wrong.length === 0) {
        await write(client, lane, report);
        await read(client, lane, report);
      }
      await read(client, lane, report);
    }),
  );
  return report;
}

async function write(client: KeyValueClient, lane: Lane, report: LoadReport): Promise<void> {
  lane.tried += 1;
  const withToken = lane.tried % 2 === 0;
  const token = withToken ? { idempotencyToken: newIdempotencyToken() } : {};
  try {
    await client.set(lane.key, String(lane.tried), { ...token, timeoutMs: callTimeoutMs });
    lane.confirmed = lane.tried;
    report.acknowledged += 1;
  } catch (error) {
    if (!withToken && isExcusable(failureOf(error))) report.interrupted += 1;
    else
      report.wrong.push(`set ${lane.key}=${lane.tried}, ${withToken ? "with" : "without"} a token: ${describe(error)}`);
  }
}

async function read(client: KeyValueClient, lane: Lane, report: LoadReport): Promise<void> {
  try {
    const text = await client.text(lane.key, callTimeoutMs);
    const number = text === undefined ? 0 : Number(text);
    report.read += 1;
    if (number !== lane.confirmed && number !== lane.tried) {
      report.wrong.push(`${lane.key} is ${text}; confirmed ${lane.confirmed}, tried ${lane.tried}`);
    }
    lane.confirmed = number;
  } catch (error) {
    report.wrong.push(`get ${lane.key}: ${describe(error)}`);
  }
}

/** The one failure that a crash may cause, and it says when to come back. */
function isExcusable({ code, reason, domain, retryDelayMs }: Failure): boolean {
  return code === "UNAVAILABLE" && reason === "PLUGIN_CRASHED" && domain === "prism.dev" && retryDelayMs !== undefined;
}

function describe(error: unknown): string {
  const { code, reason, message, retryDelayMs } = failureOf(error);
  return `${code} ${reason}: ${message} (retry in ${retryDelayMs} ms)`;
}
