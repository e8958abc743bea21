#!/usr/bin/env node
import { servePlugin } from "@prism-data/pattern-sdk";
import { redisPlugin } from "./plugin.js";

await servePlugin(redisPlugin);
