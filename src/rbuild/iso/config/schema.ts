import { z } from "zod";
import { suiteObjections, suiteSourceSchema } from "../../definition/suite-source.ts";
import { ALLOWED_CAPABILITIES, DEFAULT_CAPABILITIES } from "./capabilities.ts";
import { parseDuration, parseSize } from "./quantities.ts";

/** Variables that rbuild sets itself: a tree that could change them could not be told apart from another. */
export const RESERVED_VARIABLES = /^(?:RBUILD_.*|SOURCE_DATE_EPOCH|https?_proxy|LC_ALL|TZ|PATH|MAKE(?:FLAGS|FILES|LEVEL)|LD_PRELOAD)$/;

const name = z.string().regex(/^[a-z0-9]+(?:-[a-z0-9]+)*$/, "must be lower-case letters and digits joined by -");
const target = z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9_.+/@-]{0,199}$/, "must be a make target: letters, digits, and . _ + / @ - after the first");
/** Relative to the output directory. `*` and `?` stay within a component, `**` crosses them. */
const glob = z
  .string()
  .max(200)
  .regex(/^[^/\\\0-\x1f][^\\\0-\x1f]*$/, "must be a pattern relative to the output directory, without backslashes")
  .refine((pattern) => !pattern.split("/").some((part) => part === ".." || part === "." || part === ""), "must not have empty parts, . or ..");
const size = z.union([z.int().min(0), z.string()]).transform((value, context) => {
  const bytes = typeof value === "number" ? value : parseSize(value);
  if (bytes === undefined || bytes === 0) context.addIssue({ code: "custom", message: "must be a size such as 512M or 4G" });
  return bytes ?? 0;
});
const duration = z.string().transform((value, context) => {
  const milliseconds = parseDuration(value);
  if (!milliseconds) context.addIssue({ code: "custom", message: "must be a duration such as 90s, 30m or 4h" });
  return milliseconds ?? 0;
});
const variable = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]{0,63}$/, "must be a variable's name")
  .refine((key) => !RESERVED_VARIABLES.test(key), "is set by rbuild and cannot be changed");
const value = z.union([z.string().max(4096), z.number(), z.boolean()]).transform(String);
/** Device files, and `loop` for whatever a loop device needs. */
const device = z
  .string()
  .regex(
    /^(?:loop|\/dev\/(?!(?:mem|kmem|port)$)[A-Za-z0-9_-]+(?:\/[A-Za-z0-9_-]+)*)$/,
    "must be `loop` or a device file below /dev, not one of the memory devices",
  );

/** Of signed images. Who may sign them is in the tree's `keys/`. */
const repository = z
  .string()
  .max(500)
  .regex(/^https?:\/\/[^\s/?#@]+[^\s?#]*$/, "must be an http or https URL without user, password and query");

/** Rebuilders who must have got the same image, if that is more than the root wants. */
const quorum = z.union([z.int().min(1).max(32), z.literal("all")], { error: "must be a number of rebuilders, 1 to 32, or all" });

const proxy = z
  .string()
  .regex(/^(?:none|link|(?:link\+)?http:\/\/[^\s/]+\/?)$/, "must be none, link, the http URL of a proxy, or link+URL for both one after the other");

/** The archives whose packages a build gets, and gets from the lock alone: docs/build-flow.md. A `keyring` is a file of the tree. */
const lock = z.strictObject({ suites: z.array(suiteSourceSchema).min(1).max(20) }).check(({ value: wanted, issues }) => {
  for (const [path, message] of suiteObjections(wanted.suites)) issues.push({ code: "custom", path: path.split("."), message, input: wanted });
});

/** Content of rbuild.yaml: docs/rbuild-yaml.md. */
export const rbuildYamlSchema = z
  .strictObject({
    builder: name.default("builder"),
    target: target.default("iso"),
    artifacts: z.array(glob).min(1).max(100).default(["*.iso"]),
    capabilities: z
      .array(z.enum(ALLOWED_CAPABILITIES, { error: `must be one of ${ALLOWED_CAPABILITIES.join(", ")}` }))
      .transform((list) => [...new Set(list)].sort())
      .default([...DEFAULT_CAPABILITIES]),
    devices: z.array(device).max(32).default([]),
    network: z.enum(["bridge", "none"]).default("bridge"),
    proxy: proxy.default("link"),
    ram: z.union([z.boolean(), size], { error: "must be true, false or a size such as 4G" }).default(false),
    memory: size.exactOptional(),
    disk: size.default(2 * 2 ** 30),
    timeout: duration.default(6 * 3600 * 1000),
    environment: z.record(variable, value).default({}),
    repositories: z.array(repository).max(16).default([]),
    quorum: quorum.exactOptional(),
    lock: lock.exactOptional(),
  })
  .check(({ value: yaml, issues }) => {
    if (yaml.lock !== undefined && yaml.network === "none")
      issues.push({ code: "custom", path: ["lock"], message: "locked packages come over a network: leave out lock or network: none", input: yaml });
  });

/** Sizes in bytes, durations in milliseconds, everything that was left out filled in. */
export type RbuildYaml = Readonly<z.infer<typeof rbuildYamlSchema>>;
export type WantedLock = NonNullable<RbuildYaml["lock"]>;
