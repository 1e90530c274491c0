// Loads worker.ts in a thread: a loader that was given on the command line serves the main thread only.
import { register } from "tsx/esm/api";

register();
await import("./worker.ts");
