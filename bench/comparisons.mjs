// What is measured side by side. The first subject of a comparison runs twice in each round, as first and as last: what
// these two differ by is the noise.
import { getCall, setCall } from "./requests.mjs";

/** Calls in flight, as h2load makes them. */
const concurrency = {
  1: { connections: 1, streams: 1 },
  16: { connections: 4, streams: 4 },
  64: { connections: 8, streams: 8 },
  256: { connections: 16, streams: 16 },
};

const sizes = { 100: "100 B", 1024: "1 KiB", 65536: "64 KiB", 1048576: "1 MiB" };

export const comparisons = [
  comparison("get-1k", "Get", 1024, 64, [
    ...["prism-memstore", "memstore", "nginx-memstore", "envoy-memstore"],
    ...["grpc-js", "grpc-js-proxy", "prism-grpc-js", "nginx-grpc-js"],
  ]),
  comparison("set-1k", "Set", 1024, 64, [
    ...["prism-memstore", "memstore", "nginx-memstore", "envoy-memstore"],
    ...["grpc-js", "grpc-js-proxy", "prism-grpc-js"],
  ]),
];

function comparison(id, method, valueBytes, inFlight, subjects) {
  const call = method === "Get" ? getCall(valueBytes) : setCall(valueBytes);
  const title = `${method} ${sizes[valueBytes]}, ${inFlight} in flight`;
  return { id, title, call, valueBytes, inFlight, ...concurrency[inFlight], subjects };
}
