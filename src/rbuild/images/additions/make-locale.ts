import { withStep } from "../../../make-runner/index.ts";
import { RbuildError } from "../../../system/index.ts";
import type { ImageDefinition } from "../../definition/schema.ts";
import type { BuildWorkspace } from "../build-workspace.ts";
import { isInContainer } from "../steps/read-container-file.ts";
import { type StepContainer, textFile } from "../steps/step-container.ts";

/** Locales that need no package. */
const OWN_LOCALES = /^(?:C|POSIX|C\.(?:UTF-8|utf8))$/;

/**
 * Makes a definition's locale with the image's own locale-gen(8), unless the C library has it without.
 * @throws RbuildError `image.locale-missing`
 */
export async function makeLocale({ name, locale }: ImageDefinition, container: StepContainer, { report, parentStep }: BuildWorkspace): Promise<void> {
  if (locale === undefined || OWN_LOCALES.test(locale)) return;
  if (!(await isInContainer(container.container, "/usr/sbin/locale-gen"))) throw missing(locale, "/usr/sbin/locale-gen is not in it");
  const charset = locale.split(".")[1]?.split("@")[0] ?? "ISO-8859-1";
  const line = `${locale} ${charset === "utf8" ? "UTF-8" : charset}`;
  const supported = (await container.read("/usr/share/i18n/SUPPORTED"))?.toString("utf8").split("\n") ?? [];
  if (!supported.includes(line)) throw missing(locale, `${JSON.stringify(line)} is no line of its /usr/share/i18n/SUPPORTED`);
  await container.put([textFile("etc/locale.gen", `${line}\n`)]);
  await withStep(report, { name: "image.build", subject: `${name} ${locale}`, ...(parentStep === undefined ? {} : { parent: parentStep }) }, (step) =>
    container.run({ script: "locale-gen\n", purpose: `make the locale ${locale}`, step }),
  );
}

function missing(locale: string, why: string): RbuildError {
  return new RbuildError("image.locale-missing", `the image cannot make the locale ${locale}: ${why}`, {
    category: "invalid",
    hint: "add locales to packages: in image.yaml and lock the image again, or correct locale:",
    details: { locale },
  });
}
