#!/usr/bin/env node
import { servePlugin } from "@prism-data/pattern-sdk";
import { kafkaPlugin } from "./plugin.js";

await servePlugin(kafkaPlugin);
