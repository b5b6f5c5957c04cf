import { readFileSync, writeFileSync } from "node:fs";
import { readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import got from "got";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { digestOf } from "../../../../../src/oci/index.ts";
import { attestImage } from "../../../../../src/rbuild/attest/attest-image.ts";
import type { RbuildEvent } from "../../../../../src/rbuild/events.ts";
import { ensureImage } from "../../../../../src/rbuild/images/ensure-image.ts";
import { writeBundle } from "../../../../../src/rbuild/repository/bundle/write-bundle.ts";
import { bringVerdicts } from "../../../../../src/rbuild/repository/publish/bring-verdicts.ts";
import { serveRepository } from "../../../../../src/rbuild/repository/serve/serve-repository.ts";
import type { TrustedRoot } from "../../../../../src/rbuild/trust/client/root-chain.ts";
import { repositoryPaths } from "../../../../../src/rbuild/trust/format/paths.ts";
import { type Fingerprint, openGnupgSigner, openKeyFileSigner, type Signer } from "../../../../../src/rbuild/trust/index.ts";
import { joinSignatures } from "../../../../../src/rbuild/trust/openpgp/signature.ts";
import { parseVerdict, type Verdict, type VerdictSubject, writeVerdict } from "../../../../../src/rbuild/trust/verdicts/statement.ts";
import { systemClock } from "../../../../../src/system/index.ts";
import { openTestHost } from "../../../../support/iso/container-host.ts";
import { openFetchLab, serveFiles } from "../../../../support/repository/fetch-lab.ts";
import { listFiles, openPublishLab, type PublishLab, writeRoot } from "../../../../support/repository/publish-lab.ts";
import { scratchDirectory } from "../../../../support/scratch.ts";
import { type GnupgHome, openGnupgHome } from "../../../../support/trust/gnupg-home.ts";
import { type TestKey, testKey } from "../../../../support/trust/test-keys.ts";
import { verdictBy } from "../../../../support/trust/test-verdicts.ts";

const stack = new AsyncDisposableStack();
let lab: PublishLab;
let home: GnupgHome;
let roots: readonly TrustedRoot[];
/** In GnuPG, in a file, and one whose verdicts the tests make up. */
let gina: Signer;
let kurt: Signer;
let theo: TestKey;
let mallory: TestKey;
let client: Awaited<ReturnType<typeof openTestHost>>;
let image: VerdictSubject;

beforeAll(async () => {
  lab = stack.use(await openPublishLab());
  client = stack.use(await openTestHost());
  home = stack.use(await openGnupgHome());
  const file = await testKey("kurt");
  [theo, mallory] = await Promise.all([testKey("theo"), testKey("mallory")]);
  const fingerprint = (await home.makeKey("gina", "ed25519")) as Fingerprint;
  const keyFile = join(lab.directory, "kurt.key");
  await writeFile(keyFile, file.privateKey.armor());
  gina = await openGnupgSigner(fingerprint, home.environment);
  kurt = await openKeyFileSigner(keyFile, { passphrase: async () => "" });
  const rebuilders = [{ fingerprint, armored: await home.gpg("--armor", "--export", fingerprint) }, file, theo];
  await writeRoot(lab.keys, lab.owner, { root: lab.owner, publisher: lab.publisher, freshness: lab.cron }, { keys: rebuilders, threshold: 2 });
  roots = await lab.roots();
  await lab.release("1");
  await lab.publish({ names: ["small"] });
  const index = [...(await listFiles(lab.repository)).keys()].find((path) => /^index\/.*\.json$/.test(path))!;
  image = (JSON.parse(await readFile(join(lab.repository, index), "utf8")) as { readonly images: readonly VerdictSubject[] }).images[0]!;
}, 60_000);
afterAll(() => stack.disposeAsync());

const attestation = (
  signer: Signer,
  directory: string,
  more: Partial<Parameters<typeof attestImage>[0]> = {},
  state?: string,
  onEvent?: (event: RbuildEvent) => void,
) =>
  attestImage(
    { name: "small", directory, offline: true, ...more },
    {
      ...lab.images.dependencies,
      ...(state === undefined ? {} : { stateDirectory: state }),
      ...(onEvent ? { report: onEvent } : {}),
      root: roots.at(-1)!,
      openSigner: async () => signer,
      clock: systemClock,
      version: "1.0.0",
    },
  );
const bring = (from: string, directory = lab.repository) => bringVerdicts({ directory, from }, { roots, report: () => undefined, clock: systemClock });
const fetchLab = () => openFetchLab(client.docker, roots);
const now = () => new Date();
/** A directory with one verdict that was signed by these. */
async function made(verdict: Verdict, signers: readonly TestKey[]): Promise<string> {
  const directory = await scratchDirectory();
  const path = join(directory, "it.json");
  const bytes = writeVerdict(verdict);
  await writeFile(path, bytes);
  if (signers.length > 0) await writeFile(`${path}.asc`, joinSignatures(await Promise.all(signers.map((signer) => signer.sign(bytes)))));
  return directory;
}
const verdictPath = ({ fingerprint }: Pick<Signer, "fingerprint">) => join(lab.repository, repositoryPaths.verdict(image.manifest, fingerprint, 1));

describe("rebuilders, publisher and client", () => {
  test("without verdicts an image whose root demands them is refused, pinned or not", async () => {
    const developer = await fetchLab();
    const web = await serveFiles(lab.repository);
    await expect(developer.fetch([web.url], {}, { now: now() })).rejects.toMatchObject({
      code: "trust.quorum",
      category: "untrusted",
      details: { demanded: 2, of: 3, identical: [] },
    });
    expect(await client.docker.listImages()).toEqual([]);
    expect(web.asked.filter(({ url }) => /^\/(?:blobs|encoded)\//.test(url))).toEqual([]);
  });

  test("what was fetched is not attested, what is rebuilt is", async () => {
    const [verdicts, state] = [await scratchDirectory(), await scratchDirectory()];
    await expect(attestation(kurt, verdicts, {}, state)).rejects.toMatchObject({ code: "attest.not-built-here", details: { level: "ground" } });
    const sources = { pools: [join(lab.images.dependencies.stateDirectory, "pool")] };
    const lock = join(lab.images.directory, "images/small/image.lock.json");
    const text = readFileSync(lock, "utf8");
    const changeLock = ({ kind }: RbuildEvent) => void (kind === "image.built" && writeFileSync(lock, `${text}\n`));
    const { path = "", ...attested } = await attestation(kurt, verdicts, { rebuild: true, sources }, state, changeLock);
    writeFileSync(lock, text);
    expect(attested).toMatchObject({ verdict: "identical", state: "signed" });
    expect(parseVerdict(await readFile(path), path)).toMatchObject({ lock: image.lock }); // as it was when the building began
    expect(await attestation(kurt, verdicts, {}, state)).toMatchObject({ state: "present" });
    expect((await listFiles(verdicts)).size).toBe(2);
    await expect(attestation(mallory.signer, verdicts)).rejects.toMatchObject({ code: "keys.not-a-rebuilder" });
    await expect(attestation(lab.publisher.signer, verdicts)).rejects.toMatchObject({ code: "keys.not-a-rebuilder" });
  });

  test("verdicts of GnuPG and of a key file arrive after the index, and are enough; gpg and sqv agree", async () => {
    const before = await listFiles(lab.repository);
    for (const signer of [gina, kurt]) {
      const directory = await scratchDirectory();
      expect(await attestation(signer, directory)).toMatchObject({ verdict: "identical", digest: image.manifest, found: image.manifest, state: "signed" });
      expect(await bring(directory)).toMatchObject({ verdicts: [{ state: "new", verdict: "identical", rebuilder: signer.fingerprint }] });
      expect(await bring(directory)).toMatchObject({ verdicts: [{ state: "present" }] });
    }
    const after = await listFiles(lab.repository);
    expect([...after].filter(([path]) => !path.startsWith("verdicts/"))).toEqual([...before]);
    expect(after.size).toBe(before.size + 4);
    const parsed = parseVerdict(await readFile(verdictPath(gina)), "it");
    expect(parsed).toMatchObject({ kind: "verdict", name: "small", version: "1", lock: image.lock, tool: { name: "rbuild" } });
    const ring = join(lab.directory, "ring.asc");
    const kurtArmored = roots.at(-1)!.root.certificates.find(({ fingerprint }) => fingerprint === kurt.fingerprint)!.armored;
    await writeFile(ring, kurtArmored);
    await home.gpg("--import", ring);
    await writeFile(ring, await home.gpg("--armor", "--export"));
    for (const signer of [gina, kurt]) {
      const path = verdictPath(signer);
      expect((await home.run("gpg", ["--verify", `${path}.asc`, path])).stderr).toContain("Good signature");
      expect((await home.run("sqv", ["--keyring", ring, `${path}.asc`, path])).stdout.trim()).toBe(signer.fingerprint);
    }

    const developer = await fetchLab();
    const web = await serveFiles(lab.repository);
    const fetched = await developer.fetch([web.url], {}, { now: now() });
    expect(fetched).toMatchObject({ how: "full", digest: image.manifest, rebuilders: { demanded: 2, of: 3, different: [] } });
    expect(fetched.rebuilders?.identical).toEqual([gina.fingerprint, kurt.fingerprint].sort());
    // Three paths that are known, two signatures, and two more revisions that there might be.
    expect(web.asked.filter(({ url }) => url.startsWith("/verdicts/"))).toHaveLength(3 + 2 + 2);
    await expect(developer.fetch([web.url], {}, { now: now(), quorum: ["all"] })).rejects.toMatchObject({ code: "trust.quorum" });
  });

  test("withheld, garbled, endless: another mirror is asked; what was seen is remembered", async () => {
    const developer = await fetchLab();
    const [honest, withholding] = [await serveFiles(lab.repository), await serveFiles(lab.repository, hide())];
    await expect(developer.fetch([withholding.url], {}, { now: now() })).rejects.toMatchObject({ code: "trust.quorum" });
    for (const [body, code] of [
      ["<!doctype html><p>Log in", "trust.captive-portal"],
      [Buffer.alloc(100_000, " "), "trust.too-large"],
      ["{}\n", "trust.malformed-metadata"],
    ] as const) {
      const odd = await serveFiles(lab.repository, hide(body));
      await expect(developer.fetch([odd.url], {}, { now: now() })).rejects.toMatchObject({
        code: "trust.quorum",
        details: { rebuilders: expect.arrayContaining([expect.objectContaining({ refused: [code] })]) },
      });
      expect(await developer.fetch([odd.url, honest.url], {}, { now: now() })).toMatchObject({ rebuilders: { demanded: 2 } });
      await rm(join(developer.state, "trust"), { recursive: true });
    }
    await developer.fetch([honest.url], {}, { now: now() });
    expect(await developer.fetch([withholding.url], {}, { now: now() })).toMatchObject({ how: "present", rebuilders: { demanded: 2 } });
  });

  test("a bundle has them, and needs no network", async () => {
    const file = join(await scratchDirectory(), "images.tar");
    await writeBundle(
      { file, directory: lab.repository, names: [{ name: "small" }], channel: "stable" },
      { roots, report: () => undefined, clock: systemClock },
    );
    const developer = await fetchLab();
    expect(await developer.fetch([file], {}, { now: now() })).toMatchObject({ how: "full", rebuilders: { demanded: 2, of: 3 } });
  });

  test("the server gives them out, and its page counts them", async () => {
    const limits = { connections: 10, connectionsPerAddress: 0, requestsPerSecond: 0 };
    const listen = { kind: "address", host: "127.0.0.1", port: 0 } as const;
    const options = { directory: lab.repository, listen, keys: lab.keys, limits, logFormat: "none" as const, onProblem: () => undefined };
    await using server = await serveRepository(options);
    const get = (path: string) => got(`${server.url}${path}`, { responseType: "buffer", throwHttpErrors: false });
    const page = Buffer.from((await get("")).body).toString();
    expect(page).toContain("Rebuilt alike");
    expect(page).toContain('<td class="number">2 of 3</td>');
    const path = repositoryPaths.verdict(image.manifest, gina.fingerprint, 1);
    const { statusCode, headers, body } = await get(path);
    expect([statusCode, headers["cache-control"]]).toEqual([200, "public, max-age=31536000, immutable"]);
    expect(Buffer.from(body)).toEqual(await readFile(verdictPath(gina)));
    expect((await get(`${path}.asc`)).statusCode).toBe(200);
    expect((await get(repositoryPaths.verdict(image.manifest, gina.fingerprint, 2))).statusCode).toBe(404);
  });
});

test("different: a warning while enough others say identical, a refusal where all must, and on the page", async () => {
  const directory = await made(verdictBy(theo, image, { verdict: "different" }), [theo]);
  expect(await bring(directory)).toMatchObject({ verdicts: [{ state: "new", verdict: "different" }] });
  const developer = await fetchLab();
  const web = await serveFiles(lab.repository);
  expect(await developer.fetch([web.url], {}, { now: now() })).toMatchObject({ rebuilders: { different: [theo.fingerprint] } });
  expect(developer.warnings()).toEqual(["trust.verdict-different"]);
  for (const quorum of [["all"], [3]] as const)
    await expect(developer.fetch([web.url], {}, { now: now(), quorum })).rejects.toMatchObject({ code: "trust.verdict-different" });
});

test("what does not count is not brought into a repository", async () => {
  const before = await listFiles(lab.repository);
  const other = { ...image, version: "0", manifest: digestOf("older") };
  const cases: readonly (readonly [string, Verdict, readonly TestKey[]])[] = [
    ["trust.unknown-key", verdictBy(mallory, image), [mallory]],
    ["trust.unknown-key", verdictBy(theo, image, { revision: 2 }), [mallory]],
    ["trust.unsigned", verdictBy(theo, image, { revision: 2 }), []],
    ["trust.verdict-wrong-image", verdictBy(theo, other), [theo]],
    ["trust.verdict-wrong-image", verdictBy(theo, { ...image, lock: digestOf("other") }), [theo]],
    ["trust.verdict-equivocation", verdictBy(theo, image), [theo]],
    ["trust.verdict-gap", verdictBy(theo, image, { revision: 3 }), [theo]],
    ["trust.unknown-key", verdictBy(lab.publisher, image), [lab.publisher]],
  ];
  for (const [code, verdict, signers] of cases)
    expect(await bring(await made(verdict, signers)), code).toMatchObject({ verdicts: [{ state: "refused", code }] });
  expect(await listFiles(lab.repository)).toEqual(before);
  await expect(bring(await scratchDirectory())).rejects.toMatchObject({ code: "repository.no-verdicts" });
  await expect(bring(join(lab.directory, "absent"))).rejects.toMatchObject({ code: "repository.no-verdicts" });
});

test("an absent pinned image is not fetched for a build without its quorum, but made from its lock, which is the best verdict", async () => {
  const { events, state } = await fetchLab();
  const pools = [join(lab.images.dependencies.stateDirectory, "pool")];
  const ensure = (isExplicit: boolean) =>
    ensureImage(
      { name: "small", repositories: { places: [lab.repository], keys: lab.keys, isExplicit, quorum: ["all"] }, sources: { pools } },
      { ...lab.images.dependencies, containerHost: client.docker, stateDirectory: state, report: (event) => void events.push(event) },
    );
  await expect(ensure(true)).rejects.toMatchObject({ code: "trust.verdict-different", category: "untrusted" });
  expect(await ensure(false)).toMatchObject({ kind: "exact", how: "reproduced", pin: { digest: image.manifest } });
  expect(events.flatMap((event) => (event.kind === "warning.raised" ? [event.code] : []))).toContain("trust.verdict-different");
});

test("a rebuilder who was mistaken says so under the next number", async () => {
  expect(await bring(await made(verdictBy(theo, image, { revision: 2 }), [theo]))).toMatchObject({ verdicts: [{ state: "new" }] });
  const developer = await fetchLab();
  expect(await developer.fetch([lab.repository], {}, { now: now(), quorum: ["all"] })).toMatchObject({ rebuilders: { different: [], demanded: 3 } });
});

test("verdicts go with the image that they are about, once no client can have it from the last index", async () => {
  await lab.release("2");
  await lab.publish({ names: ["small"], keep: 1 });
  await stat(verdictPath(gina));
  await lab.release("3");
  await lab.publish({ names: ["small"], keep: 1 });
  await expect(stat(verdictPath(gina))).rejects.toThrow("ENOENT");
});

/** A mirror that has all but verdicts; or says something else in their place. */
const hide =
  (body?: string | Buffer) =>
  (path: string, _bytes: unknown, _request: unknown, response: import("node:http").ServerResponse): boolean => {
    if (!path.startsWith("verdicts/")) return false;
    response.writeHead(body === undefined ? 404 : 200).end(body);
    return true;
  };
