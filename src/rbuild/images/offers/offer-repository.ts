import { createHash } from "node:crypto";
import { createCleartextMessage, enums, generateKey, sign } from "openpgp";
import { byteString, type TarInput, tarHeader } from "../../../system/tar/index.ts";
import type { Pool } from "../../pool/pool.ts";
import { STEP_APT_CONFIG, STEP_APT_SOURCES, STEP_DIRECTORY, STEP_POLICY } from "../normalise/engine-rules.ts";
import type { ReadPackage } from "../packages/read-packages.ts";
import { stepDirectory, textFile } from "../steps/step-container.ts";

const DIRECTORY = `${STEP_DIRECTORY}/pool`;
const KEY = `/${DIRECTORY}/key.asc`;

const APT_SETTINGS = [
  'Acquire::Languages "none";',
  'APT::Install-Recommends "false";',
  'APT::Get::Assume-Yes "true";',
  'DPkg::Use-Pty "false";',
  'Dpkg::Options { "--force-unsafe-io"; };',
  "",
].join("\n");

/**
 * The members that make packages a source of the image's APT: a flat repository (sources.list(5)), signed with a key made for this build
 * alone, so that APT's checks stay on. A normalisation rule takes all of it out again.
 */
export async function* offerRepository(packages: readonly ReadPackage[], pool: Pick<Pool, "read">, sourceDateEpoch: number): AsyncGenerator<TarInput> {
  const index = Buffer.from(packages.map(indexStanza).join("\n"));
  const { inRelease, certificate } = await signRelease(releaseText(index, sourceDateEpoch));
  yield stepDirectory();
  yield tarHeader({ path: byteString(`${DIRECTORY}/`), kind: "directory", mode: 0o755 });
  yield textFile(`${DIRECTORY}/Packages`, index);
  yield textFile(`${DIRECTORY}/InRelease`, inRelease);
  yield textFile(KEY.slice(1), certificate);
  yield textFile(STEP_APT_SOURCES, `deb [signed-by=${KEY}] file:/${DIRECTORY} ./\n`);
  yield textFile(STEP_APT_CONFIG, APT_SETTINGS);
  yield textFile(STEP_POLICY, "#!/bin/sh\nexit 101\n", 0o755);
  for (const { facts } of packages) {
    yield {
      ...tarHeader({ path: byteString(`${DIRECTORY}/${fileName(facts.locked)}`), kind: "file", mode: 0o644, size: facts.locked.size }),
      body: pool.read(facts.locked),
    };
  }
}

const fileName = ({ name, architecture }: { readonly name: string; readonly architecture: string }): string => `${name}_${architecture}.deb`;

/** A stanza of a Packages index: the control file's fields and where the file is. */
function indexStanza({ facts: { locked }, control }: ReadPackage): string {
  const fields = control.get("control")?.content.toString("utf8").trimEnd() ?? "";
  return `${fields}\nFilename: ./${fileName(locked)}\nSize: ${locked.size}\nSHA256: ${locked.sha256.slice("sha256:".length)}\n`;
}

function releaseText(index: Buffer, sourceDateEpoch: number): string {
  const sha256 = createHash("sha256").update(index).digest("hex");
  const date = new Date(sourceDateEpoch * 1000).toUTCString().replace("GMT", "UTC");
  return `Origin: rbuild\nLabel: rbuild\nSuite: offered\nCodename: offered\nDate: ${date}\nSHA256:\n ${sha256} ${index.byteLength} Packages\n`;
}

async function signRelease(text: string): Promise<{ readonly inRelease: string; readonly certificate: string }> {
  // What the gpgv of every Debian release in use understands.
  const { privateKey, publicKey } = await generateKey({ type: "ecc", curve: "ed25519Legacy", userIDs: [{ name: "rbuild, one build" }], format: "object" });
  const message = await createCleartextMessage({ text });
  const inRelease = await sign({ message, signingKeys: privateKey, config: { preferredHashAlgorithm: enums.hash.sha512 } });
  return { inRelease, certificate: publicKey.armor() };
}
