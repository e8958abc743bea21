import type { StreamOptions } from "../../../patterns/stream/stream.js";
import type { Broken } from "../../suite-proof.js";
import type { ReferenceParts } from "./reference-plugin.js";
import type { ReferenceStream } from "./reference-stream.js";

/** A plugin on logs that break one promise. */
export type BrokenStream = Broken & ReferenceParts;

/** Every capability, and every namespace on a log of this class. */
export function broken(
  does: string,
  caughtBy: string,
  Log: new (options: StreamOptions) => ReferenceStream,
): BrokenStream {
  return { does, caughtBy, makeLog: (options) => new Log(options) };
}
