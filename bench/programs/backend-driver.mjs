// usage: backend-driver.mjs PLUGIN ADDRESS. Does by the backend's driver what Prism does with it.
import { answerRuns, closedLoop } from "./closed-loop.mjs";

const [plugin, address] = process.argv.slice(2);
const { open } = await import(`./drivers/${plugin}.mjs`);
const operations = await open(address);
const prepared = new Set();

await answerRuns(async ({ operation, messagesPerCall, callers, calls }) => {
  const { prepare, run } = operations[operation];
  if (!prepared.has(operation)) await prepare?.(messagesPerCall);
  prepared.add(operation);
  return closedLoop({ calls, callers }, () => run(messagesPerCall));
});
