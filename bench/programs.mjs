// Starting and ending the processes of a bench. Whatever is started is ended, also when the bench fails.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

/** What is slow to start on a busy machine: Envoy. */
const startTimeoutMs = 30_000;

/** A program that does not end when it is asked to is killed. */
const stopTimeoutMs = 5_000;

/** How many of a program's last words are told when it fails. */
const lastWordsMax = 2_000;

const started = new Set();
process.once("exit", () => {
  for (const child of started) child.kill("SIGKILL");
});

/** The path of a file beside this one. */
export const benchFile = (file) => fileURLToPath(new URL(file, import.meta.url));

/**
 * Starts a program on one CPU (`undefined`: on any). It is ready when it prints a first line on stdout, which becomes
 * `firstLine`; with `ready: "at once"` nothing is waited for. `stop` ends it; `ask` sends it JSON and answers its next line.
 */
export async function startProgram(command, { cpu, env = process.env, ready = "first line", onErrorLine }) {
  const child = spawn(...onCpu(command, cpu), { env, stdio: "pipe" });
  started.add(child.once("exit", () => started.delete(child)));
  const lastWords = lastWordsOf(child);
  if (onErrorLine !== undefined) createInterface({ input: child.stderr }).on("line", onErrorLine);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const nextLine = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`${command.join(" ")} ended: ${lastWords()}`);
    return value;
  };
  const ask = async (question) => {
    child.stdin.write(`${JSON.stringify(question)}\n`);
    return JSON.parse(await nextLine());
  };
  const timer = setTimeout(() => child.kill("SIGKILL"), startTimeoutMs);
  const firstLine = ready === "at once" ? "" : await nextLine();
  clearTimeout(timer);
  return { pid: child.pid, firstLine, ask, stop: () => stop(child) };
}

/** Runs a program to its end and answers what it printed. */
export async function runProgram(command, { cpu, timeoutMs }) {
  const child = spawn(...onCpu(command, cpu), { stdio: ["ignore", "pipe", "pipe"], timeout: timeoutMs });
  const lastWords = lastWordsOf(child);
  const [printed, [code, signal]] = await Promise.all([text(child.stdout), once(child, "close")]);
  if (code === 0) return printed;
  throw new Error(`${command.join(" ")} ended with ${code ?? signal}: ${lastWords()}`);
}

/** Moves a running process with all its threads to one CPU. */
export function moveToCpu(pid, cpu) {
  if (cpu !== undefined) execFileSync("taskset", ["-acp", cpu, String(pid)], { stdio: "ignore" });
}

function lastWordsOf(child) {
  let words = "";
  child.stderr.on("data", (chunk) => {
    words = `${words}${chunk}`.slice(-lastWordsMax);
  });
  return () => words;
}

function onCpu(command, cpu) {
  const [file, ...args] = cpu === undefined ? command : ["taskset", "-c", cpu, ...command];
  return [file, args];
}

async function stop(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), stopTimeoutMs);
  await exited;
  clearTimeout(timer);
}
