#!/usr/bin/env node
import { main } from "../dist/cli/main.js";
import { runAsProgram } from "../dist/cli/program.js";

await runAsProgram(main);
