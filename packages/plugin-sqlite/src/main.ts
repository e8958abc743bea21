#!/usr/bin/env node
import { servePlugin } from "@prism-data/pattern-sdk";
import { sqlitePlugin } from "./plugin.js";

await servePlugin(sqlitePlugin);
