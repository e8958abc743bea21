#!/usr/bin/env node
import { servePlugin } from "@prism-data/pattern-sdk";
import { kafkaPlugin } from "./plugin.js";

// Where kafkajs means at once it sets a timer for a moment that has passed, of which Node.js warns in each process.
const emitWarning = process.emitWarning.bind(process) as (...warning: unknown[]) => void;
process.emitWarning = (...warning: unknown[]) => {
  if (warning[1] !== "TimeoutNegativeWarning") emitWarning(...warning);
};

await servePlugin(kafkaPlugin);
