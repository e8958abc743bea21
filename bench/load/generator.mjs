// Who makes the calls of one subject in one comparison.
import { benchFile, startProgram } from "../programs.mjs";
import { h2load } from "./h2load.mjs";

/** `run(calls)` makes so many calls and answers what was seen; `stop` ends what was started for it. */
export async function openGenerator(subject, comparison, cpu) {
  const { endpoint, folder } = subject;
  const { connections, streams, valueBytes } = comparison;
  const call = subject.call?.(valueBytes) ?? comparison.call;
  if (subject.load !== undefined) return { run: (calls) => subject.load({ ...comparison, calls, cpu }), stop() {} };
  if (comparison.client === "h2load") {
    return { run: (calls) => h2load({ endpoint, call, connections, streams, calls, folder, cpu }), stop() {} };
  }
  if (comparison.client === "mixed") {
    const args = [JSON.stringify(endpoint), comparison.neighbours];
    const program = await startProgram([process.execPath, benchFile("programs/mixed-caller.mjs"), ...args], { cpu });
    return { run: (calls) => program.ask({ calls }), stop: program.stop };
  }
  if (comparison.client === "tenants") {
    const command = [process.execPath, benchFile("programs/tenant-caller.mjs"), JSON.stringify(endpoint)];
    const program = await startProgram(command, { cpu });
    return { run: (calls) => program.ask({ calls }), stop: program.stop };
  }
  const message = Buffer.from(call.message).toString("base64");
  const args = [
    { ...endpoint, connections },
    { ...call, message },
  ].map((argument) => JSON.stringify(argument));
  const command = [process.execPath, benchFile("programs/grpc-caller.mjs"), ...args];
  const program = await startProgram(command, { cpu });
  return { run: (calls) => program.ask({ calls, callers: connections * streams }), stop: program.stop };
}
