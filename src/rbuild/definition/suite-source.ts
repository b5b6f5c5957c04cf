import { z } from "zod";

/** A file of the definition's own directory, or of a directory in it. */
export const ownPath = z
  .string()
  .max(200)
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*(?:\/[A-Za-z0-9][A-Za-z0-9._-]*)*$/, "must be a path in the definition's directory");

const suite = z.string().regex(/^[a-z0-9][a-z0-9.-]*$/, "must be a suite's codename");
const archiveName = z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, "must be an archive's name: lower-case letters, digits, -");

export type SuiteSource = Readonly<z.infer<typeof suiteSourceSchema>>;

/** One suite of an APT archive. Which of several has a package is APT's choice, by `preferences` and versions. */
export const suiteSourceSchema = z
  .strictObject({
    suite,
    components: z
      .array(z.string().regex(/^[a-z0-9-]+$/, "must be a component such as main"))
      .min(1)
      .default(["main"]),
    /** Which archive: `debian` and `debian-security` are where the host's APT has them; any other needs `url`. */
    archive: archiveName.default("debian"),
    /** Where an archive is that is not Debian's own. Never written into a lock. */
    url: z
      .url({ protocol: /^https?$/, error: "must be an http or https URL" })
      .meta({ pattern: "^https?://" })
      .exactOptional(),
    /** OpenPGP certificates that sign it. Default: Debian's archive keys of this host. */
    keyring: ownPath.exactOptional(),
  })
  .meta({ anyOf: [{ required: ["url"] }, { properties: { archive: { enum: ["debian", "debian-security"] } } }] });

/** What is wrong with a list of suites as a whole: dotted path and message. */
export function suiteObjections(suites: readonly SuiteSource[]): (readonly [path: string, message: string])[] {
  return suites.flatMap(({ archive: name, suite: codename, url }, index): [string, string][] => {
    const isTwice = suites.findIndex((other) => other.archive === name && other.suite === codename) < index;
    return [
      ...(name !== "debian" && name !== "debian-security" && url === undefined
        ? [[`suites.${index}.url`, `the archive ${name} needs a url`] as [string, string]]
        : []),
      ...(isTwice ? [[`suites.${index}.suite`, `${name} ${codename} is named twice`] as [string, string]] : []),
    ];
  });
}
