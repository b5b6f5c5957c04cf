import type { Consequence, Explanation, ImageExplanation, TreeExplanation } from "../rbuild/index.ts";
import { counted } from "../system/counted.ts";
import { formatBytes } from "../ui/index.ts";

const MAX_NAMED_FILES = 10;

/** What was found of a tree and its images, for people: a paragraph each, what follows last. */
export function explanationLines({ tree, images, broken }: Explanation): string[] {
  const unusable = broken.map(({ name, code, message }) => [`image ${name}`, `  cannot be used: ${message} [${code}]`]);
  const paragraphs = [...images.map(imageLines), ...unusable, ...(tree ? [treeLines(tree)] : [])];
  return paragraphs.flatMap((lines, index) => (index === 0 ? lines : ["", ...lines]));
}

function imageLines(image: ImageExplanation): string[] {
  const { name, version, lock, engine, pin, pool, build, use } = image;
  return [
    `image ${name} ${version}`,
    `  lock: ${lock.kind === "current" ? `current${poolText(pool)}` : lock.message}`,
    `  engine: ${{ absent: "does not have it", "same-inputs": "has it, made from what is locked and defined now", "other-inputs": "has it, made from other inputs", present: "has it", unasked: "was not asked" }[engine.kind]}`,
    `  pin: ${{ exact: "the engine's is the pinned one", absent: "the engine does not have the pinned one", different: "the engine's is NOT the pinned one", unpinned: "none for this version", unasked: "the engine was not asked for it" }[pin.kind]}`,
    ...consequenceLines("rbuild image build", build),
    ...consequenceLines("rbuild iso", use),
  ];
}

function treeLines({ directory, commit, tag, isRelease, changedFiles, lock, pool, iso }: TreeExplanation): string[] {
  const state = changedFiles.length === 0 ? "nothing changed since" : counted(changedFiles.length, "changed file");
  const lockText = {
    current: `current${poolText(pool)}`,
    open: "rbuild.yaml has no lock: the mirror decides which packages there are",
    "none-needed": "none: the build has no network",
    refused: "",
  }[lock.kind];
  return [
    `tree ${directory}`,
    `  commit: ${commit.slice(0, 12)}${tag === undefined ? "" : ` (${tag})`}, ${state}${isRelease ? ", a release" : ""}`,
    ...changedFiles.slice(0, MAX_NAMED_FILES).map((path) => `    ${path}`),
    ...(changedFiles.length > MAX_NAMED_FILES ? [`    and ${changedFiles.length - MAX_NAMED_FILES} more`] : []),
    `  lock: ${lock.kind === "refused" ? lock.message : lockText}`,
    ...(iso.kind === "refused"
      ? consequenceLines("rbuild iso", iso)
      : [`  rbuild iso: builds${iso.isPublishable ? "" : `, not for publication: ${iso.reasons.join("; ")}`}`]),
  ];
}

function consequenceLines(command: string, consequence: Consequence): string[] {
  switch (consequence.kind) {
    case "used":
      return [`  ${command}: takes it as it is`];
    case "built":
      return [`  ${command}: builds it: ${consequence.reason}`];
    case "fetched":
      return [`  ${command}: fetches it from ${consequence.from.join(", ")}: ${consequence.reason}`];
    case "open":
      return [`  ${command}: ${consequence.reason}`];
    case "refused":
      return [
        `  ${command}: refuses: ${consequence.reason} [${consequence.code}]`,
        ...(consequence.hint === undefined ? [] : [`    to mend it: ${consequence.hint}`]),
      ];
    default:
      return consequence satisfies never;
  }
}

function poolText(pool: ImageExplanation["pool"]): string {
  if (!pool) return "";
  const packages = `, ${counted(pool.packages, "package")}`;
  return pool.missing === 0 ? `${packages}, all in the pool` : `${packages}, ${pool.missing} of them missing in the pool (${formatBytes(pool.missingBytes)})`;
}
