import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import type { NameKind } from "./known-names.ts";

type Argument = CommandUnknownOpts["registeredArguments"][number];

/** What may stand where a value is wanted. */
export type ValueKind =
  | { readonly kind: "choices"; readonly choices: readonly string[] }
  /** Names that are known where the command would work. */
  | { readonly kind: "names"; readonly names: NameKind }
  | { readonly kind: "directory" | "file" | "other" };

export interface OptionNode {
  /** `-C`, `--directory`. */
  readonly names: readonly string[];
  readonly description: string;
  readonly value: ValueKind | undefined;
}

export interface ArgumentNode {
  readonly value: ValueKind;
  /** It and all that follow. */
  readonly isVariadic: boolean;
}

/** A command as shell completion sees it. */
export interface CommandNode {
  /** `rbuild image build` is `["image", "build"]`. */
  readonly path: readonly string[];
  readonly description: string;
  readonly options: readonly OptionNode[];
  readonly values: readonly ArgumentNode[];
  readonly commands: readonly CommandNode[];
}

/** Reads commander's tree. The root's options are good for every command, so only the root has them. */
export function commandTree(command: CommandUnknownOpts, path: readonly string[] = []): CommandNode {
  const help = command.createHelp();
  return {
    path,
    description: command.description(),
    options: help.visibleOptions(command).map((option) => ({
      names: [option.short, option.long].filter((name) => name !== undefined),
      description: option.description,
      value: option.required || option.optional ? valueKind(option.flags, option.argChoices) : undefined,
    })),
    values: command.registeredArguments.map((argument) => ({ value: argumentKind(argument, path), isVariadic: argument.variadic })),
    commands: help
      .visibleCommands(command)
      .filter((child) => child.name() !== "help")
      .map((child) => commandTree(child, [...path, child.name()])),
  };
}

/** Of the verbs of `image`, `from` and `to` are images as well. */
const NAMES: Readonly<Record<string, NameKind>> = { name: "definitions", image: "images", fingerprint: "certificates" };
const OF_IMAGE: Readonly<Record<string, NameKind>> = { from: "definitions", to: "definitions" };

function argumentKind(argument: Argument, path: readonly string[]): ValueKind {
  const name = argument.name();
  const names = NAMES[name] ?? (path[0] === "image" ? OF_IMAGE[name] : undefined);
  return names && !argument.argChoices ? { kind: "names", names } : valueKind(`<${name}>`, argument.argChoices);
}

/** Placeholders that name a file, or something that may be one. */
const FILES = new Set(["file", "signer", "request"]);

/** The placeholder in `--output <dir>` says what is wanted; of `--from <url|dir|file>` what a shell can know. */
function valueKind(flags: string, choices: readonly string[] | undefined): ValueKind {
  if (choices && choices.length > 0) return { kind: "choices", choices };
  const placeholder = /[<[]([a-z|-]+)(?:\.\.\.)?[>\]]/.exec(flags)?.[1];
  if (placeholder === "attack") return { kind: "names", names: "attacks" };
  const words = placeholder?.split("|") ?? [];
  if (words.some((word) => FILES.has(word) || word.endsWith("-file"))) return { kind: "file" };
  return { kind: words.some((word) => word === "dir" || word === "directory") ? "directory" : "other" };
}

/** A command and all below it. */
export function allCommands(root: CommandNode): CommandNode[] {
  return [root, ...root.commands.flatMap(allCommands)];
}
