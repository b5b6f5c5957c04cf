import { z } from "zod";
import { type Digest, isDigest } from "../../oci/index.ts";

/** Debian Policy 5.6.7. */
const packageName = z.string().regex(/^[a-z0-9][a-z0-9+.-]+$/, "must be a Debian package name: lower-case letters, digits, + - .");
const packageNames = z.array(packageName).refine((names) => new Set(names).size === names.length, "names a package twice");
const imageName = z.string().regex(/^[a-z0-9]+(?:-[a-z0-9]+)*$/, "must be lower-case letters and digits joined by -");
const version = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, "must be letters, digits, . _ - (64 at most): it becomes the image's tag");
const suite = z.string().regex(/^[a-z0-9][a-z0-9.-]*$/, "must be a suite's codename");
const digest = z.custom<Digest>(isDigest, { error: "must be sha256:<64 lower-case hex>" });
const absolutePath = z.string().regex(/^\/(?:[^/\0]+(?:\/[^/\0]+)*)?$/, "must be an absolute path without closing slash");
const command = z.array(z.string()).min(1);
/** A path or pattern of the image: `*` within one component, `**` for any number of them. */
const pattern = z.string().regex(/^[^/\0][^\0]*[^/\0]$/, "must be a path relative to the image's root");
/** A file of the definition's own directory. */
const ownFile = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, "must be a file name in the definition's directory");

/** Which state of the archive the definition was written for. */
const archive = z.strictObject({
  /** `Version` of the suite's InRelease. For people: the digest decides. */
  version: z.string().regex(/^[0-9A-Za-z.~-]{1,32}$/, "must be the Version of the suite's InRelease, as a string"),
  /** SHA-256 of the suite's InRelease. */
  inRelease: digest,
});

const bootstrap = z.strictObject({
  suite,
  components: z.array(z.string().regex(/^[a-z0-9-]+$/, "must be a component such as main")).min(1),
  /** mmdebstrap's. */
  variant: z.enum(["essential", "apt", "required", "minbase", "important", "standard"]),
  archive,
  packages: packageNames.default([]),
});

/** Rules on top of those that every image gets. */
const normalise = z.strictObject({ remove: z.array(pattern).default([]) });

/** Content of `images/<name>/image.yaml`. */
export const imageDefinitionSchema = z
  .strictObject({
    name: imageName,
    version,
    description: z.string().max(500).exactOptional(),
    /** Seconds since 1970: no file of the image is younger. Default: that of the image named by `from`. */
    sourceDateEpoch: z.int().min(0).max(0o77777777777).exactOptional(),
    from: imageName.exactOptional(),
    bootstrap: bootstrap.exactOptional(),
    /** Installed on top of `from`, without recommended packages. */
    packages: packageNames.exactOptional(),
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
    const refuse = (path: string, message: string) => context.issues.push({ code: "custom", path: [path], message, input: value });
    if (value.from !== undefined && value.bootstrap !== undefined) refuse("bootstrap", "an image has either from or bootstrap, not both");
    if (value.from === undefined && value.bootstrap === undefined) refuse("from", "an image needs either from (another image) or bootstrap (a Debian suite)");
    if (value.bootstrap !== undefined && value.sourceDateEpoch === undefined) refuse("sourceDateEpoch", "a bootstrapped image needs it");
    if (value.bootstrap !== undefined && value.packages !== undefined) refuse("packages", "packages of a bootstrapped image belong into bootstrap.packages");
    if (value.bootstrap !== undefined && value.dockerfile !== undefined) refuse("dockerfile", "a Dockerfile goes on top of from");
  });

export type ImageDefinition = Readonly<z.infer<typeof imageDefinitionSchema>>;
export type Bootstrap = NonNullable<ImageDefinition["bootstrap"]>;
export type ArchiveState = Bootstrap["archive"];
