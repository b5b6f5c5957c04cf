import { readFileSync } from "node:fs";

/** Where an overlay with this upper directory is mounted in this process's mount namespace. */
export function mountsOfUpper(files: string): string[] {
  const lines = readFileSync("/proc/self/mountinfo", "utf8").split("\n");
  return lines.flatMap((line) => {
    const [before, after] = line.split(" - ");
    const options = after?.split(" ").at(2)?.split(",") ?? [];
    return options.includes(`upperdir=${escaped(files)}`) ? [unescaped(before?.split(" ")[4] ?? "")] : [];
  });
}

/** Mount points below a directory, the deepest first. */
export function mountsBelow(directory: string): string[] {
  const lines = readFileSync("/proc/self/mountinfo", "utf8").split("\n");
  const targets = lines.map((line) => unescaped(line.split(" ")[4] ?? ""));
  return targets.filter((target) => target === directory || target.startsWith(`${directory}/`)).reverse();
}

/** proc(5): blanks, backslashes and line ends are written as octal. */
function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}

function escaped(text: string): string {
  return text.replace(/[ \t\n\\#]/g, (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, "0")}`);
}
