import { allCommands, type CommandNode, type OptionNode, type ValueKind } from "./command-tree.ts";
import { quote } from "./quote.ts";

/** A completion script for fish 3 or later. */
export function fishCompletion(root: CommandNode): string {
  const commands = allCommands(root);
  const withValue = [...new Set(commands.flatMap((command) => command.options.filter((option) => option.value).flatMap((option) => option.names)))];
  return `# rbuild completion for fish; rbuild completion fish > ~/.config/fish/completions/rbuild.fish
function __rbuild_at
    set -l path
    set -l skip 0
    for word in (commandline -opc)[2..-1]
        if test $skip -eq 1
            set skip 0
        else if contains -- $word ${withValue.join(" ")}
            set skip 1
        else if not string match -q -- '-*' $word
            set -a path $word
        end
    end
    test "$path" = "$argv"
end
complete -c rbuild -f
${root.options.map((option) => `complete -c rbuild${optionText(option)}`).join("\n")}
${commands.flatMap((command) => lines(command, command === root)).join("\n")}
`;
}

function lines(command: CommandNode, isRoot: boolean): string[] {
  const at = `complete -c rbuild -n ${quote(`__rbuild_at ${command.path.join(" ")}`.trim())}`;
  return [
    ...command.commands.map((child) => `${at} -a ${quote(child.path.at(-1) ?? "")} -d ${quote(child.description)}`),
    ...command.values.slice(0, 1).map((value) => `${at}${arguments_(value)}`),
    ...(isRoot ? [] : command.options.map((option) => `${at}${optionText(option)}`)),
  ];
}

function optionText(option: OptionNode): string {
  const names = option.names.map((name) => (name.startsWith("--") ? ` -l ${name.slice(2)}` : ` -s ${name.slice(1)}`)).join("");
  return `${names} -d ${quote(option.description)}${option.value ? ` ${option.value.kind === "file" ? "-r" : "-x"}${arguments_(option.value)}` : ""}`;
}

function arguments_(value: ValueKind): string {
  if (value.kind === "choices") return ` -a ${quote(value.choices.join(" "))}`;
  return { directory: " -a '(__fish_complete_directories)'", file: " -F", other: "" }[value.kind];
}
