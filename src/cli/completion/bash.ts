import { allCommands, type CommandNode, type OptionNode, type ValueKind } from "./command-tree.ts";
import { quote } from "./quote.ts";

/** A completion script that needs nothing but bash 4.3 or later. */
export function bashCompletion(root: CommandNode): string {
  const commands = allCommands(root);
  const everywhere = words(root.options.flatMap((option) => option.names));
  return `# rbuild completion for bash; eval "$(rbuild completion bash)" in ~/.bashrc
_rbuild_names() {
  "\${words[0]}" \${directory:+-C "$directory"} __names "$1" 2>/dev/null
}
_rbuild() {
  local path=rbuild place=0 directory= words=() last i word cur prev
  COMPREPLY=()
  # Bash splits at colons, which are part of a name.
  for word in "\${COMP_WORDS[@]:0:COMP_CWORD+1}"; do
    if ((\${#words[@]} > 1)) && [[ $word == :* || \${words[-1]} == *: ]]; then words[-1]+=$word; else words+=("$word"); fi
  done
  last=$((\${#words[@]} - 1)) cur=\${words[-1]} prev=\${words[last-1]}
  for ((i = 1; i < last; i++)); do
    word=\${words[i]}
    [[ $word == -C || $word == --directory ]] && directory=\${words[i+1]}
    case "$path $word" in
${commands.flatMap((command) => command.commands.map((child) => `      ${quote(`${key(command)} ${child.path.at(-1)}`)}) path=${quote(key(child))}; place=0 ;;`)).join("\n")}
      ${commands.flatMap((command) => valued(command).map((option) => optionPattern(command, option))).join("|")}) ((i++)) ;;
      *" -"*) ;;
      *) ((place++)) ;;
    esac
  done
  case "$path $prev" in
${commands.flatMap((command) => valued(command).map((option) => `      ${optionPattern(command, option)}) ${reply(option.value)}; return ;;`)).join("\n")}
  esac
  if [[ $cur == -* ]]; then
    case "$path" in
${commands.map((command) => `      ${quote(key(command))}) COMPREPLY=($(compgen -W ${words(command.options.flatMap((option) => option.names))}" "${everywhere} -- "$cur")) ;;`).join("\n")}
    esac
    return
  fi
  case "$path $place" in
${commands
  .flatMap((command) =>
    command.commands.length > 0
      ? [`      ${quote(`${key(command)} 0`)}) COMPREPLY=($(compgen -W ${words(command.commands.map((child) => child.path.at(-1) ?? ""))} -- "$cur")) ;;`]
      : command.values.map(
          ({ value, isVariadic }, place) => `      ${isVariadic ? `${quote(`${key(command)} `)}*` : quote(`${key(command)} ${place}`)}) ${reply(value)} ;;`,
        ),
  )
  .join("\n")}
  esac
  [[ $cur == *:* && $COMP_WORDBREAKS == *:* ]] && COMPREPLY=("\${COMPREPLY[@]#"\${cur%:*}:"}")
}
complete -F _rbuild rbuild
`;
}

const key = (command: CommandNode) => ["rbuild", ...command.path].join(" ");

const words = (list: readonly string[]) => quote(list.join(" "));

const valued = (command: CommandNode) => command.options.filter((option) => option.value);

/** The root's options match after every command. */
function optionPattern(command: CommandNode, option: OptionNode): string {
  return option.names.map((name) => (command.path.length === 0 ? `*${quote(` ${name}`)}` : quote(`${key(command)} ${name}`))).join("|");
}

function reply(value: ValueKind | undefined): string {
  switch (value?.kind) {
    case "choices":
      return `COMPREPLY=($(compgen -W ${words(value.choices)} -- "$cur"))`;
    case "names":
      return `COMPREPLY=($(compgen -W "$(_rbuild_names ${value.names})" -- "$cur"))`;
    case "directory":
      return `compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -- "$cur")`;
    case "file":
      return `compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$cur")`;
    default:
      return ":";
  }
}
