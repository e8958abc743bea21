// Each declared cell of the matrix of patterns and backends: through Prism, beside the backend's driver alone in one process.
import { declaredCells } from "../../scripts/backends/results.mjs";
import { drivers } from "./drivers.mjs";
import { operations } from "./operations.mjs";

/** Callers as connections and streams on each. */
const concurrency = {
  1: { connections: 1, streams: 1 },
  16: { connections: 4, streams: 4 },
  64: { connections: 8, streams: 8 },
};

/** The comparisons of all cells whose backend has a driver: memory has none. */
export const backendComparisons = declaredCells()
  .filter(({ plugin }) => plugin in drivers)
  .flatMap(({ plugin, pattern }) => operations[pattern].map((operation) => ({ plugin, pattern, ...operation })))
  .flatMap(({ inFlight, ...operation }) => inFlight.map((calls) => comparison(operation, calls)));

function comparison({ plugin, pattern, name, title, call, prepare, messagesPerCall }, calls) {
  return {
    id: `${plugin}-${pattern}-${name}-c${calls}`,
    title: `${drivers[plugin].backend}, ${pattern}: ${title}, ${calls} in flight`,
    client: "h2load",
    ...concurrency[calls],
    call,
    prepare,
    operation: name,
    ...(messagesPerCall === undefined ? {} : { messagesPerCall }),
    subjects: [`prism-on-${plugin}`, `${plugin}-driver`],
  };
}
