#!/usr/bin/env node
import { servePlugin } from "@prism-data/pattern-sdk";
import { memstorePlugin } from "./plugin.js";

await servePlugin(memstorePlugin);
