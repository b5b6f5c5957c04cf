import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import type { Digest } from "../../../src/oci/index.ts";
import type { BuiltImage, ImagePin, IsoResult } from "../../../src/rbuild/index.ts";
import { run } from "../../../src/system/index.ts";
import { openTestArchive, type TestPackage } from "../apt-archive/index.ts";
import { smallBuilderPackage, writeSmallDefinition } from "../small-builder.ts";
import { gnupgHome } from "../trust/gnupg-home.ts";
import { openSceneHost, type SceneHost } from "./scene-host.ts";
import type { NetworkHost } from "./three-hosts.ts";
import { startNginx, uploadCommands } from "./web-servers.ts";

/** Nobody but the manager reaches it: it listens at his loopback address. */
const ARCHIVE = "127.0.0.1:8000";
const RBUILD_YAML = "builder: small\nnetwork: none\nproxy: none\ndisk: 1M\ncapabilities: [CHOWN, DAC_OVERRIDE]\n";
const MAKEFILE = `iso:
	mkdir -p $(RBUILD_OUTPUT)
	{ make --version | head -n 1; cat /usr/share/extra 2>/dev/null; echo $(SOURCE_DATE_EPOCH) $(RBUILD_GIT_COMMIT); } > $(RBUILD_OUTPUT)/system.iso
`;
const EXTRA: TestPackage = { name: "extra", version: "1", architecture: "amd64", files: { "/usr/share/extra": "a package more\n" } };

export interface Release {
  readonly pin: ImagePin;
  /** Of the ISO that this release's tree gives. */
  readonly iso: Digest;
}

export interface ReleaseManager extends AsyncDisposable {
  readonly host: SceneHost;
  /** Locks, builds, pins, commits, builds the ISO and publishes. The second one's image has a package more. */
  release(version: "1" | "2"): Promise<Release>;
  /** Copies the repository to a web server by rsync, as docs/publishing.md says. */
  upload(web: NetworkHost): Promise<void>;
}

/** Has keys in GnuPG, the tree, and a Debian archive. Two of the keys must sign roots, another one indexes, the last one freshness. */
export async function openReleaseManager(network: NetworkHost, directory: string): Promise<ReleaseManager> {
  await using stack = new AsyncDisposableStack();
  const gnupg = await gnupgHome();
  const archive = stack.use(await openTestArchive());
  stack.use(await startNginx(network, join(directory, "archive-nginx"), archive.directory, ARCHIVE));
  const host = await openSceneHost(network, directory, { GNUPGHOME: gnupg.directory });
  const repository = join(directory, "repository");
  const builder = await smallBuilderPackage(directory);
  await archive.publish({ packages: [builder, EXTRA] });

  await host.tree.git("init", "--quiet", "--initial-branch=main");
  await host.tree.write({ "rbuild.yaml": RBUILD_YAML, Makefile: MAKEFILE, ".gitignore": "out/\n" });
  const [publisher, cron] = await makeKeys();
  const kept = stack.move();
  return { host, release, upload, [Symbol.asyncDispose]: () => kept.disposeAsync() };

  /** Returns those of publisher and freshness. */
  async function makeKeys(): Promise<[string, string]> {
    const keys: string[] = [];
    for (const name of ["ann", "ben", "publisher", "cron"]) {
      const key = await gnupg.makeKey(name, "ed25519");
      const file = join(directory, `${name}.asc`);
      await writeFile(file, await gnupg.gpg("--armor", "--export", key));
      await host.succeed("keys", "import", file);
      keys.push(key);
    }
    const [root = "", second = "", index = "", freshness = ""] = keys;
    const roles = [`root=2:${root},${second}`, `publisher=${index}`, `freshness=${freshness}`].flatMap((role) => ["--role", role]);
    await host.succeed("keys", "rotate", "--repository", "small-images", ...roles, "--sign-with", `gpg:${root}`);
    const signed = await host.succeed("keys", "sign", "--sign-with", `gpg:${second}`);
    expect(signed.last).toMatchObject({ data: { root: 1, isComplete: true } });
    return [index, freshness];
  }

  async function release(version: "1" | "2"): Promise<Release> {
    const packages = ["small-builder", ...(version === "1" ? [] : ["extra"])];
    const reachable = { ...archive, url: `http://${ARCHIVE}` };
    await host.tree.write(await writeSmallDefinition(join(host.tree.directory, "images"), reachable, { version, packages }));
    await host.succeed("image", "lock", "small");
    const built = (await host.succeed("image", "build", "small")).last?.["data"] as readonly BuiltImage[];
    const pins = (await host.succeed("image", "pin", "small")).last?.["data"] as readonly ImagePin[];
    expect(pins[0]?.digest).toBe(built[0]?.digest);
    await host.tree.commit(`Release ${version}`);
    const iso = (await host.succeed("iso")).last?.["data"] as IsoResult;
    const signers = ["--signer", `gpg:${publisher}`, "--freshness-signer", `gpg:${cron}`];
    expect((await host.succeed("image", "publish", repository, "small", ...signers)).last).toMatchObject({ data: { kind: "published" } });
    expect((await host.succeed("image", "publish", repository, "small", ...signers)).last).toMatchObject({ data: { kind: "unchanged", written: [] } });
    return { pin: pins[0] as ImagePin, iso: iso.artifacts[0]?.digest as Digest };
  }

  async function upload(web: NetworkHost): Promise<void> {
    const commands = await uploadCommands(repository, `rsync://${web.address}/images/`);
    expect(commands).toHaveLength(3);
    for (const command of commands) await run(network.prefix[0] as string, [...network.prefix.slice(1), ...command]);
  }
}
