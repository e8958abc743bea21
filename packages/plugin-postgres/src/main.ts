#!/usr/bin/env node
import { servePlugin } from "@prism-data/pattern-sdk";
import { postgresPlugin } from "./plugin.js";

await servePlugin(postgresPlugin);
