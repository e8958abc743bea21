#!/usr/bin/env node
import { servePlugin } from "@prism-data/pattern-sdk";
import { natsPlugin } from "./plugin.js";

await servePlugin(natsPlugin);
