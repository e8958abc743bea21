// The attacker, a process of its own so that it competes with the client and the proxy for nothing but the cores.
// usage: node main.ts HOST:PORT. For each line of JSON on stdin, an attack's name and a time in ms, it attacks for as long, one
// connection after the other, and then writes a line of JSON: how each of them ended.
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";
import type { AttackOutcome } from "./attack.ts";
import { floods } from "./floods.ts";
import { Pace, runSession } from "./session.ts";
import { stalls } from "./stalls.ts";

/** Thousands of hostile frames a second, at a fraction of a core. */
const bytesPerSecond = 512 * 1024;
/** Between two connections. */
const pauseMs = 50;

const attacks = { ...floods, ...stalls };
const [address = ""] = process.argv.slice(2);
const [host = "", port = ""] = address.split(":");
const pace = new Pace(bytesPerSecond);

for await (const line of createInterface({ input: process.stdin })) {
  const { attack: name, timeMs } = JSON.parse(line);
  const attack = attacks[name];
  if (attack === undefined) throw new Error(`no attack is called ${name}`);
  const untilMs = performance.now() + timeMs;
  const outcomes: AttackOutcome[] = [];
  do {
    outcomes.push(await runSession(attack, { host, port: Number(port) }, pace));
    await setTimeout(pauseMs);
  } while (performance.now() < untilMs);
  process.stdout.write(`${JSON.stringify(outcomes)}\n`);
}
