import type { BuildEvent, BuildOptions, Image } from "../../../engine/index.ts";
import { json } from "../../http/answer.ts";
import { invalidParameter, type Query } from "../../http/query.ts";
import type { Handler, Route } from "../../http/router.ts";
import { uploaded } from "../../http/upload.ts";
import { familiarName } from "../../image-names.ts";
import { createChannel } from "../../streams/channel.ts";
import { createBuildTranslator, endLines } from "../../translate/build-events.ts";
import { unsupportedOption } from "../../translate/create/refusal.ts";
import { requireHostPlatform } from "../../translate/platform.ts";
import { notOffered } from "../refused.ts";

const build: Handler = ({ query, message, signal }, { engine }) => {
  const options = { ...buildOptions(query), context: uploaded(message), signal };
  const isQuiet = query.flag("q");
  const channel = createChannel<BuildEvent>();
  const finished = engine.builder.build(options, (event) => (isQuiet ? undefined : channel.push(event))).finally(() => channel.close());
  finished.catch(() => undefined);
  return { kind: "json-lines", values: isQuiet ? quietLines(finished) : allLines(channel.values, finished, options.references ?? []) };
};

async function* allLines(events: AsyncIterable<BuildEvent>, finished: Promise<Image>, references: readonly string[]): AsyncGenerator {
  const translate = createBuildTranslator();
  for await (const event of events) yield* translate(event);
  yield* endLines(await finished, references);
}

async function* quietLines(finished: Promise<Image>): AsyncGenerator {
  yield { stream: `${(await finished).id}\n` };
}

/**
 * The query of POST /build. Limits of the steps' containers (memory, cpu…, ulimits, shmsize, cgroupparent) and what concerns only
 * intermediate containers (rm, forcerm) have no meaning here and pass unread.
 */
function buildOptions(query: Query): Omit<BuildOptions, "context" | "signal"> {
  if (query.text("version") === "2") throw notOffered("BuildKit; set DOCKER_BUILDKIT=0 for the classic builder");
  for (const name of ["remote", "outputs"]) {
    const value = query.text(name);
    if (value !== undefined) throw unsupportedOption(name, value);
  }
  if (query.flag("pull")) throw unsupportedOption("pull", "1");
  requireHostPlatform(query.text("platform"));
  const [dockerfile, target, network] = [query.text("dockerfile"), query.text("target"), query.text("networkmode")];
  return {
    ...(dockerfile === undefined ? {} : { dockerfile }),
    ...(target === undefined ? {} : { target }),
    ...(network === undefined || network === "default" ? {} : { network }),
    references: query.texts("t").map(familiarName),
    buildArgs: textMap(query, "buildargs"),
    labels: textMap(query, "labels"),
    noCache: query.flag("nocache"),
    extraHosts: query.texts("extrahosts").flatMap((text) => text.split(",")),
    squash: query.flag("squash"),
  };
}

/** A JSON object of texts. A null value, a build argument to be taken from the environment, is one that is not given. */
function textMap(query: Query, name: string): Record<string, string> {
  const text = query.text(name);
  if (text === undefined) return {};
  const wrong = () => invalidParameter(name, text, "a JSON object of texts");
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw wrong();
  }
  if (value === null) return {};
  if (typeof value !== "object" || Array.isArray(value)) throw wrong();
  const entries = Object.entries(value).filter(([, item]) => item !== null);
  if (!entries.every((entry): entry is [string, string] => typeof entry[1] === "string")) throw wrong();
  return Object.fromEntries(entries);
}

/** The build cache is made of images' own blobs and snapshots: what nothing needs is collected. */
const pruneCache: Handler = async (_request, { engine }) => json({ CachesDeleted: null, SpaceReclaimed: (await engine.collectGarbage()).bytes });

export const BUILD_ROUTES: readonly Route[] = [
  { method: "POST", path: "/build", handle: build },
  { method: "POST", path: "/build/prune", handle: pruneCache },
];
