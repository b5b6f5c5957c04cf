/** What a person types to install packages. */
export function installCommand(packages: readonly string[], isRoot = process.getuid?.() === 0): string {
  return `${isRoot ? "" : "sudo "}apt-get install ${packages.join(" ")}`;
}
