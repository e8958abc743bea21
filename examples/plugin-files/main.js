#!/usr/bin/env node
import { servePlugin } from "@prism-data/pattern-sdk";
import { filesPlugin } from "./plugin.js";

await servePlugin(filesPlugin);
