// A gRPC client that looks at every status and every answer, which h2load does not.
// usage: grpc-caller.mjs ENDPOINT CALL, both as JSON; see subjects.mjs and requests.mjs.
import { GrpcClient } from "@prism-data/transport";
import { answerRuns, closedLoop } from "./closed-loop.mjs";

/** What an app gives its calls; none here comes near it. */
const timeoutMs = 30_000;

const { host, port, headers = {}, connections } = JSON.parse(process.argv[2]);
const { path, message, answerBytesMin } = JSON.parse(process.argv[3]);
const request = Buffer.from(message, "base64");
const metadata = Object.entries(headers);
const clients = await Promise.all(
  Array.from({ length: connections }, () => GrpcClient.connect({ host, port }, { metadata })),
);

await answerRuns((run) =>
  closedLoop(run, async (caller) => {
    const answer = await clients[caller % clients.length].unary(path, request, { timeoutMs });
    if (answer.length < answerBytesMin) throw new Error(`${path} answers ${answer.length} bytes`);
  }),
);
