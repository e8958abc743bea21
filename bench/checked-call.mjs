// Before a subject is measured, a gRPC client makes sure that it answers what it must: h2load cannot tell a failed call.
import { readFileSync } from "node:fs";
import { GrpcClient } from "@prism-data/transport";
import { getCall, setCall, valueIn, valueOfSize } from "./requests.mjs";

const checkTimeoutMs = 10_000;

/** Makes the call once, of a Get after writing what it reads. Throws when a status or an answer is not what it must be. */
export async function checkSubject({ name, endpoint }, { call, valueBytes }) {
  const client = await connect(endpoint);
  try {
    if (valueBytes === undefined) return await checkStream(client, call);
    const set = setCall(valueBytes);
    await client.unary(set.path, set.message, { timeoutMs: checkTimeoutMs });
    const get = getCall(valueBytes);
    const answer = await client.unary(get.path, get.message, { timeoutMs: checkTimeoutMs });
    if (!valueOfSize(valueBytes).equals(valueIn(answer))) throw new Error(`${name} answers with another value`);
  } finally {
    await client.close();
  }
}

async function checkStream(client, { path, message, answerBytesMin }) {
  const call = client.stream(path, { timeoutMs: checkTimeoutMs });
  call.write(message);
  call.end();
  let answerBytes = 0;
  for await (const answer of call.messages()) answerBytes += answer.length;
  if (answerBytes < answerBytesMin) throw new Error(`${path} answers ${answerBytes} bytes`);
}

function connect({ host, port, path, ca, headers = {} }) {
  const to = path === undefined ? { host, port } : { path };
  const tls = ca === undefined ? {} : { tls: { ca: readFileSync(ca, "utf8") } };
  return GrpcClient.connect(to, { metadata: Object.entries(headers), ...tls });
}
