import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** An installation whose program is not run here. */
export async function smallInstallation(directory: string): Promise<string> {
  const files = ["bin/rbuild", "package.json", "LICENSE", "dist/cli/main.js", "dist/chunks/a.js", "dist/chunks/old.js", "images/x/image.yaml"];
  const node = ["bin/node", "LICENSE", "package.json"].map((file) => `node_modules/node-linux-${process.arch}/${file}`);
  for (const file of [...files, ...node]) {
    await mkdir(join(directory, file, ".."), { recursive: true });
    await writeFile(join(directory, file), file === "dist/cli/main.js" ? 'import("../chunks/a.js");' : "", { mode: file.includes("bin/") ? 0o755 : 0o644 });
  }
  return directory;
}
