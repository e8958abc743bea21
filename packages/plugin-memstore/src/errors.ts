import { GatewayError } from "@prism-data/pattern-sdk";

/** A write needs more room than is left. */
export function capacityExhausted(room: { neededBytes: number; freeBytes: number; maxBytes: number }): GatewayError {
  const { neededBytes, freeBytes, maxBytes } = room;
  return new GatewayError(
    "CAPACITY_EXHAUSTED",
    `The write needs ${neededBytes} bytes and ${freeBytes} of ${maxBytes} are free. Nothing was changed. ` +
      "Delete what is not needed, let it expire, or raise max_bytes in the backend's settings.",
    { metadata: { needed_bytes: String(neededBytes), free_bytes: String(freeBytes), max_bytes: String(maxBytes) } },
  );
}

/** The bound is above what the process could hold. */
export function boundBeyondHeap(maxBytes: number, heapShareBytes: number): GatewayError {
  const description = `is ${maxBytes} bytes, and the heap of the plugin's process can hold ${heapShareBytes}`;
  return new GatewayError(
    "INVALID_SETTINGS",
    `max_bytes ${description}. Give less, or run on a machine with more memory.`,
    {
      fieldViolations: [{ field: "max_bytes", description }],
    },
  );
}
