import { z } from "zod";
import { ownPath, suiteObjections, suiteSourceSchema } from "./suite-source.ts";

/** Debian Policy 5.6.7. */
const packageName = z.string().regex(/^[a-z0-9][a-z0-9+.-]+$/, "must be a Debian package name: lower-case letters, digits, + - .");
const packageNames = z
  .array(packageName)
  .refine((names) => new Set(names).size === names.length, "names a package twice")
  .meta({ uniqueItems: true });
const imageName = z.string().regex(/^[a-z0-9]+(?:-[a-z0-9]+)*$/, "must be lower-case letters and digits joined by -");
const version = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, "must be letters, digits, . _ - (64 at most): it becomes the image's tag");
const absolutePath = z
  .string()
  .max(4095)
  .regex(/^(?!.*\/\.{1,2}(?:\/|$))\/(?:[^/\0]+(?:\/[^/\0]+)*)?$/, "must be an absolute path without closing slash, without . and ..");
const command = z.array(z.string()).min(1);
/** A path or pattern of the image: `*` within one component, `**` for any number of them. */
const pattern = z.string().regex(/^[^/\0][^\0]*[^/\0]$/, "must be a path relative to the image's root");
/** A file of the definition's own directory. */
const ownFile = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, "must be a file name in the definition's directory");

const mode = z.string().regex(/^0?[0-7]{3,4}$/, 'must be an octal mode as a string, such as "0644"');
const account = z.string().regex(/^[a-z_][a-z0-9_-]{0,31}$/, "must be a user's or group's name");
const accountId = z.int().min(0).max(65_533);

/** A file that an image gets after its packages. */
const imageFile = z
  .strictObject({
    path: absolutePath,
    /** Its text, or where its bytes are. */
    content: z.string().exactOptional(),
    source: ownPath.exactOptional(),
    mode: mode.default("0644"),
    owner: account.default("root"),
    group: account.default("root"),
  })
  .refine(({ content, source: from }) => (content === undefined) !== (from === undefined), "needs exactly one of content and source")
  .meta({ oneOf: [{ required: ["content"] }, { required: ["source"] }] });

const user = z.strictObject({
  name: account,
  uid: accountId,
  gid: accountId.exactOptional(),
  groups: z.array(account).default([]),
  home: absolutePath.exactOptional(),
  shell: absolutePath.default("/usr/sbin/nologin"),
});

/** Rules on top of those that every image gets. */
const normalise = z.strictObject({ remove: z.array(pattern).default([]) });

/** Users, files and hooks that get in each other's way: dotted path and message. */
function listObjections({ users = [], files = [], hooks = [] }: Lists): (readonly [path: string, message: string])[] {
  const twice = <T>(items: readonly T[], key: (item: T) => unknown, path: (index: number) => string, message: (item: T) => string) =>
    items.flatMap((item, index) => (items.findIndex((other) => key(other) === key(item)) < index ? [[path(index), message(item)] as const] : []));
  return [
    ...twice(
      users,
      ({ name }) => name,
      (index) => `users.${index}.name`,
      ({ name }) => `the user ${name} is named twice`,
    ),
    ...twice(
      users,
      ({ uid }) => uid,
      (index) => `users.${index}.uid`,
      ({ uid }) => `the uid ${uid} is given twice`,
    ),
    ...twice(
      files,
      ({ path }) => path,
      (index) => `files.${index}.path`,
      ({ path }) => `${path} is named twice`,
    ),
    ...twice(
      hooks,
      (hook) => hook,
      (index) => `hooks.${index}`,
      (hook) => `the hook ${hook} is named twice`,
    ),
  ];
}

interface Lists {
  readonly users?: readonly { readonly name: string; readonly uid: number }[];
  readonly files?: readonly { readonly path: string }[];
  readonly hooks?: readonly string[];
}

/** Content of `images/<name>/image.yaml`. */
export const imageDefinitionSchema = z
  .strictObject({
    name: imageName,
    version,
    description: z.string().max(500).exactOptional(),
    from: imageName.exactOptional(),
    /** Where packages come from. An image without `from` needs it; one with `from` has those of the image below as well. */
    suites: z.array(suiteSourceSchema).min(1).max(20).exactOptional(),
    /** apt_preferences(5), as APT reads it. */
    preferences: z.string().max(65_536).exactOptional(),
    /** Debian's names; what is locked. Default: the host's. */
    architectures: z
      .array(z.enum(["amd64", "arm64"]))
      .min(1)
      .exactOptional(),
    /** What an image without `from` starts as, in mmdebstrap's words; `extract` unpacks packages and runs nothing of them. */
    variant: z.enum(["extract", "essential", "apt", "required", "minbase", "important", "standard"]).exactOptional(),
    /** Installed without recommended packages. */
    packages: packageNames.exactOptional(),
    /** Locked with all they need and put before the Dockerfile's APT, not installed. */
    offers: packageNames.exactOptional(),
    /** Such as C.UTF-8: LANG of containers and /etc/default/locale. Others than C.UTF-8 need the package locales. */
    locale: z
      .string()
      .regex(/^[A-Za-z0-9_.@-]{1,64}$/, "must be a locale such as C.UTF-8")
      .exactOptional(),
    /** Such as Etc/UTC: needs the package tzdata. */
    timezone: z
      .string()
      .regex(/^[A-Za-z0-9_+-]+(?:\/[A-Za-z0-9_+-]+)*$/, "must be a time zone such as Etc/UTC")
      .exactOptional(),
    users: z.array(user).max(100).exactOptional(),
    files: z.array(imageFile).max(1000).exactOptional(),
    /** Programs of the definition's directory, run as root in the image without network, one after the other, after packages, users and files. */
    hooks: z.array(ownPath).max(100).exactOptional(),
    /** Run on top of everything above. Its `FROM` is the build argument RBUILD_BASE. */
    dockerfile: ownFile.exactOptional(),
    environment: z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "must be a variable's name"), z.string()).exactOptional(),
    entrypoint: command.exactOptional(),
    command: command.exactOptional(),
    workingDirectory: absolutePath.exactOptional(),
    user: z.string().min(1).exactOptional(),
    exposedPorts: z.array(z.string().regex(/^[0-9]{1,5}\/(?:tcp|udp)$/, "must be like 3142/tcp")).exactOptional(),
    volumes: z.array(absolutePath).exactOptional(),
    normalise: normalise.exactOptional(),
  })
  .check((context) => {
    const { value } = context;
    const refuse = (path: string, message: string) => context.issues.push({ code: "custom", path: path.split("."), message, input: value });
    if (value.from === undefined && value.suites === undefined) refuse("from", "an image needs either from (another image) or suites (of an APT archive)");
    if (value.from !== undefined && value.variant !== undefined) refuse("variant", "an image with from is what that image is");
    if (value.offers !== undefined && value.dockerfile === undefined) refuse("offers", "packages are offered to a Dockerfile, and there is none");
    if (value.variant === "extract" && value.locale !== undefined && !/^(?:C|POSIX|C\.UTF-8)$/.test(value.locale))
      refuse("locale", "in an image whose packages are only unpacked nothing can make a locale");
    for (const [index, offered] of (value.offers ?? []).entries())
      if (value.packages?.includes(offered)) refuse(`offers.${index}`, `${offered} is in packages already`);
    for (const [path, message] of listObjections(value)) refuse(path, message);
    for (const [path, message] of suiteObjections(value.suites ?? [])) refuse(path, message);
  })
  // What of these checks a JSON Schema can say.
  .meta({
    anyOf: [{ required: ["from"] }, { required: ["suites"] }],
    dependentSchemas: { variant: { not: { required: ["from"] } } },
    dependentRequired: { offers: ["dockerfile"] },
  });

export type ImageDefinition = Readonly<z.infer<typeof imageDefinitionSchema>>;
export type ImageFile = NonNullable<ImageDefinition["files"]>[number];
export type ImageUser = NonNullable<ImageDefinition["users"]>[number];
