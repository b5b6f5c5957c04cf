import { keepCompiledCode } from "./compile-cache.ts";

keepCompiledCode(import.meta.filename, process.env);
const { runCommandLine } = await import("./command-line.ts");
await runCommandLine(process.argv.slice(2));
// whatever handles are still open
process.exit();
