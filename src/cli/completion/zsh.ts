import { allCommands, type CommandNode, type ValueKind } from "./command-tree.ts";
import { quote } from "./quote.ts";

/** A completion script for zsh: one function per command, by _arguments. */
export function zshCompletion(root: CommandNode): string {
  return `#compdef rbuild
# rbuild completion for zsh; a file _rbuild in a directory of $fpath, or: eval "$(rbuild completion zsh)"
_rbuild_names() {
  local at=\${_rbuild_words[(I)(-C|--directory)]} directory=.
  (( at )) && directory=\${_rbuild_words[at+1]}
  compadd "\${@[1,-2]}" -- \${(f)"$("\${_rbuild_words[1]}" -C "$directory" __names "\${@[-1]}" 2>/dev/null)"}
}
${allCommands(root)
  .map((command) => commandFunction(command, root))
  .join("\n")}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _rbuild "$@"; else compdef _rbuild rbuild; fi
`;
}

const functionName = (command: CommandNode) => ["_rbuild", ...command.path].join("_").replaceAll("-", "_");

function commandFunction(command: CommandNode, root: CommandNode): string {
  const everywhere = command === root ? [] : root.options.filter((option) => !option.names.includes("--version") && !option.names.includes("--help"));
  const options = [...command.options, ...everywhere].flatMap((option) =>
    option.names.map((name) => quote(`*${name}[${escape(option.description)}]${option.value ? `:value:${action(option.value)}` : ""}`)),
  );
  if (command.commands.length === 0) {
    const values = command.values.map(({ value, isVariadic }, place) => quote(`${isVariadic ? "*" : place + 1}:value:${action(value)}`));
    return `${functionName(command)}() {\n  _arguments -s \\\n    ${[...options, ...values].join(" \\\n    ")}\n}`;
  }
  const children = command.commands.map((child) => `      ${quote(`${child.path.at(-1)}:${escape(child.description)}`)}`);
  const cases = command.commands.map((child) => `      ${child.path.at(-1)}) ${functionName(child)} ;;`);
  return `${functionName(command)}() {${command === root ? `\n  local -a _rbuild_words=("\${words[@]}")` : ""}
  local state line
  typeset -A opt_args
  _arguments -C -s \\
    ${[...options, "'1: :->command'", "'*:: :->rest'"].join(" \\\n    ")}
  case $state in
    command)
      local -a commands=(
${children.join("\n")}
      )
      _describe command commands ;;
    rest)
      case $line[1] in
${cases.map((line) => `  ${line}`).join("\n")}
      esac ;;
  esac
}`;
}

function action(value: ValueKind): string {
  if (value.kind === "choices") return `(${value.choices.join(" ")})`;
  if (value.kind === "names") return `_rbuild_names ${value.names}`;
  return { directory: "_files -/", file: "_files", other: " " }[value.kind];
}

/** Signs that _arguments and _describe give a meaning. */
function escape(text: string): string {
  return text.replace(/[[\]:\\]/g, "\\$&");
}
