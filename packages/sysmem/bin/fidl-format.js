#!/usr/bin/env node
import { main } from "../dist/cli/fidl-format.js";

process.exitCode = await main(process.argv.slice(2));
