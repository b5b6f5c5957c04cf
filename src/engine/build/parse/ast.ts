/** What a Dockerfile says, before anybody asks what it means. Lines and columns count from 1. */
export interface Dockerfile {
  /** Name used in errors: the path inside the build context. */
  readonly file: string;
  readonly escape: EscapeCharacter;
  readonly instructions: readonly InstructionNode[];
  readonly warnings: readonly DockerfileWarning[];
}

/** Character that joins lines and takes the next character's meaning away: the parser directive `# escape=`. */
export type EscapeCharacter = "\\" | "`";

export interface InstructionNode {
  /** In upper case. */
  readonly keyword: string;
  readonly line: number;
  readonly column: number;
  /** Last line that belongs to it, here-documents included. */
  readonly endLine: number;
  /** The whole instruction on one line, without bodies of here-documents. */
  readonly text: string;
  readonly flags: readonly Flag[];
  /** What follows keyword and flags, trimmed. */
  readonly rest: string;
  /** The rest as an array, when it is written as a JSON array of strings. */
  readonly json?: readonly string[];
  readonly heredocs: readonly Heredoc[];
}

/** `--name` or `--name=value`. */
export interface Flag {
  readonly name: string;
  readonly value?: string;
  readonly line: number;
  readonly column: number;
}

/** A here-document: `<<NAME`. */
export interface Heredoc {
  readonly name: string;
  /** False when the name was quoted: nothing in the content is replaced. */
  readonly expand: boolean;
  /** `<<-`: leading tabs were taken away. */
  readonly stripTabs: boolean;
  readonly content: string;
}

export interface DockerfileWarning {
  readonly line: number;
  readonly message: string;
}
