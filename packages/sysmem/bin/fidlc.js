#!/usr/bin/env node
import { main } from "../dist/cli/fidlc.js";

process.exitCode = await main(process.argv.slice(2));
