import { openEngine } from "../../../../src/engine/index.ts";
import { readTool } from "../../../../src/system/index.ts";

/** Started as a program of its own: builds a context whose last step never ends, and says so on stdout. */
const [root = "", runRoot = "", context = ""] = process.argv.slice(2);
const engine = await openEngine({ root, runRoot });
await engine.builder.build({ context: readTool("tar", ["--create", `--directory=${context}`, "."]) }, (event) => {
  if (event.kind === "step.output") process.stdout.write(event.data);
});
