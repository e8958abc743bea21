// A service of its own that sends messages, as a plugin: alone, or before it whoever routes to it.
import { join } from "node:path";
import { benchFile, startProgram } from "../programs.mjs";

const program = [process.execPath, benchFile("programs/message-plugin.mjs")];

/** How many messages one call brings, of how many bytes. */
export const messagesPerCall = 10_000;
export const messageBytes = 100;

const service = "bench.v1.MessageService";

/** The service as a backend of Prism. */
export const messageBackend = { backend: { command: program }, services: [service] };

/** Asks for one stream. */
export const readCall = {
  path: `/${service}/Read`,
  message: Buffer.alloc(0),
  answerBytesMin: messagesPerCall * messageBytes,
};

/** Starts the plugin, for others to call. */
export async function startMessagePlugin({ folder }, cpu) {
  const path = join(folder, "plugin.sock");
  const { pid, stop } = await startProgram(program, { cpu, env: { ...process.env, PRISM_PLUGIN_SOCKET: path } });
  return { endpoint: { path, headers: {} }, processes: { store: [pid] }, stop };
}
