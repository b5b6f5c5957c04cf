import { allCommands, type CommandNode, type OptionNode, type ValueKind } from "./command-tree.ts";
import { quote } from "./quote.ts";

/** A completion script for fish 3 or later. */
export function fishCompletion(root: CommandNode): string {
  const commands = allCommands(root);
  const withValue = [...new Set(commands.flatMap((command) => command.options.filter((option) => option.value).flatMap((option) => option.names)))];
  return `# rbuild completion for fish; rbuild completion fish > ~/.config/fish/completions/rbuild.fish
# Whether the words so far are these, and from so many to so many more.
function __rbuild_at
    set -l path
    set -l words $argv[3..-1]
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
    set -l more (math (count $path) - (count $words))
    test $more -ge $argv[1] -a $more -le $argv[2]; or return 1
    string match -q -- (string join " " $words "")"*" "$path "
end
function __rbuild_names
    set -l words (commandline -opc)
    set -l at (contains -i -- -C $words; or contains -i -- --directory $words)
    set -l options
    test -n "$at"; and set options -C $words[(math $at + 1)]
    command -q $words[1]; and $words[1] $options __names $argv 2>/dev/null
end
complete -c rbuild -f
${root.options.map((option) => `complete -c rbuild${optionText(option)}`).join("\n")}
${commands.flatMap((command) => lines(command, command === root)).join("\n")}
`;
}

const MANY = 999;

function lines(command: CommandNode, isRoot: boolean): string[] {
  const at = (least: number, most: number) => `complete -c rbuild -n ${quote(`__rbuild_at ${least} ${most} ${command.path.join(" ")}`.trim())}`;
  return [
    ...command.commands.map((child) => `${at(0, 0)} -a ${quote(child.path.at(-1) ?? "")} -d ${quote(child.description)}`),
    ...command.values.map(({ value, isVariadic }, place) => `${at(place, isVariadic ? MANY : place)}${arguments_(value)}`),
    ...(isRoot ? [] : command.options.map((option) => `${at(0, command.commands.length > 0 ? 0 : MANY)}${optionText(option)}`)),
  ];
}

function optionText(option: OptionNode): string {
  const names = option.names.map((name) => (name.startsWith("--") ? ` -l ${name.slice(2)}` : ` -s ${name.slice(1)}`)).join("");
  return `${names} -d ${quote(option.description)}${option.value ? ` ${option.value.kind === "file" ? "-r" : "-x"}${arguments_(option.value)}` : ""}`;
}

function arguments_(value: ValueKind): string {
  if (value.kind === "choices") return ` -a ${quote(value.choices.join(" "))}`;
  if (value.kind === "names") return ` -a '(__rbuild_names ${value.names})'`;
  return { directory: " -a '(__fish_complete_directories)'", file: " -F", other: "" }[value.kind];
}
