import { isBackendAway } from "@prism-data/pattern-sdk";

/** Redis may be away: then what a namespace needs is made when it is back. Everything else that goes wrong fails the bind. */
export async function prepared(prepare: () => Promise<readonly string[]>): Promise<readonly string[]> {
  try {
    return await prepare();
  } catch (error) {
    if (!isBackendAway(error)) throw error;
    return ["Redis does not answer now; what the namespace needs is made when it does"];
  }
}
