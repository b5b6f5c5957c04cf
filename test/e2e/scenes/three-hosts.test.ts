import { cp, mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openEmbedded } from "../../../src/cli/wire/open-embedded.ts";
import type { Attack } from "../../../src/rbuild/repository/serve/attack/attacks.ts";
import { openReleaseManager } from "../../support/scenes/release-manager.ts";
import { openSceneHost, type SceneHost } from "../../support/scenes/scene-host.ts";
import { openThreeHosts } from "../../support/scenes/three-hosts.ts";
import { startHostileMirror, startNginx, startRsync } from "../../support/scenes/web-servers.ts";
import { scratchDirectory } from "../../support/scratch.ts";
import { NO_CONNECTION } from "../../support/without-network.ts";

test("a manager releases, a web server serves, a developer gets the same bytes or the attack's name", { timeout: 400_000 }, async () => {
  await using stack = new AsyncDisposableStack();
  const scratch = await scratchDirectory();
  const hosts = stack.use(await openThreeHosts());
  const manager = stack.use(await openReleaseManager(hosts.manager, join(scratch, "manager")));
  const www = join(scratch, "web/www");
  await mkdir(www, { recursive: true });
  const nginx = () => startNginx(hosts.web, join(scratch, "web/nginx"), www, `${hosts.web.address}:80`);
  stack.use(await startRsync(hosts.web, join(scratch, "web/rsync"), www));
  const url = `http://${hosts.web.address}/`;

  // A release reaches a developer who has a clone and nothing else.
  const first = await manager.release("1");
  await manager.upload(hosts.web);
  await manager.host.tree.git("clone", "--quiet", manager.host.tree.directory, join(scratch, "developer/tree"));
  const developer = await openSceneHost(hosts.developer, join(scratch, "developer"), { RBUILD_REPOSITORY: url });
  let full: number;
  {
    await using _web = await nginx();
    const { lines, last } = await developer.succeed("iso");
    expect(last).toMatchObject({ data: { publishable: true, artifacts: [{ digest: first.iso }] } });
    expect(lines).toContainEqual(expect.objectContaining({ kind: "image.accepted", how: "fetched", digest: first.pin.digest }));
    full = fetched(lines, "full");
  }

  // The next one is a package more, and comes as a delta.
  const second = await manager.release("2");
  await cp(join(www, "current.json"), join(scratch, "current-1.json"));
  await manager.upload(hosts.web);
  await developer.tree.git("pull", "--quiet");
  {
    await using _web = await nginx();
    const { lines, last } = await developer.succeed("iso");
    expect(last).toMatchObject({ data: { publishable: true, artifacts: [{ digest: second.iso }] } });
    expect(fetched(lines, "delta")).toBeLessThan(full / 10);
  }
  expect(second.iso).not.toBe(first.iso);

  // The mirror turns hostile. Somebody who comes now has a clone too, and sees only this mirror.
  const newcomer = await openSceneHost(hosts.developer, join(scratch, "newcomer"), { RBUILD_REPOSITORY: url }, developer.tree);
  expect(await images(newcomer)).toEqual([]);
  const attacks: readonly [Attack, SceneHost, string][] = [
    ["rollback", developer, "trust.rollback"],
    ["mix", newcomer, "trust.mix-and-match"],
    ["unsigned", newcomer, "trust.unsigned"],
    ["wrong-signature", newcomer, "trust.unknown-key"],
    ["captive-portal", developer, "trust.captive-portal"],
  ];
  for (const [attack, client, code] of attacks) {
    await using _web = await startHostileMirror(hosts.web, www, attack);
    await refused(client, code);
    // Whoever names the mirror and wants an ISO is told the same, and gets none.
    if (client === newcomer) await refused(client, code, { command: ["iso", "--repository", url] });
  }
  {
    await using _web = await nginx();
    await cp(join(scratch, "current-1.json"), join(www, "current.json"));
    await refused(developer, "trust.rollback");
    // To whom nothing newer is known, it is a freeze, once its time is over.
    await refused(newcomer, "trust.freeze", { isSigned: true, words: ["--channel", "stable"], before: ["faketime", "-f", "+30d"] });
    await manager.upload(hosts.web);
  }
  {
    await using _web = await startHostileMirror(hosts.web, www, "bitflip");
    await refused(newcomer, "trust.wrong-bytes", { isSigned: true });
    await refused(newcomer, "trust.wrong-bytes", { isSigned: true, command: ["iso", "--repository", url] });
    expect(await images(newcomer)).toEqual([]);
  }

  // The web server is off.
  const counted = await hosts.developer.counters();
  await rm(join(developer.tree.directory, "out"), { recursive: true });
  expect((await developer.succeed("iso")).last).toMatchObject({ data: { publishable: true, artifacts: [{ digest: second.iso }] } });
  const after = await hosts.developer.counters();
  for (const name of Object.keys(NO_CONNECTION)) expect(after[name], name).toBe(counted[name]);
  const absent = await newcomer.run(["iso"]);
  expect(absent, JSON.stringify(absent.last)).toMatchObject({ exitCode: 6 });
  expect((await hosts.developer.counters())["Tcp.ActiveOpens"], "they count").toBeGreaterThan(counted["Tcp.ActiveOpens"] ?? 0);

  // Another version lies where the pinned one should be.
  await retag(developer, "1", "2");
  expect(await developer.run(["iso"])).toMatchObject({ exitCode: 4, last: { code: "image.pin-mismatch" } });
  expect((await developer.succeed("iso", "--allow-base-mismatch")).last).toMatchObject({ data: { publishable: false } });
  const manifest = await readFile(join(developer.tree.directory, "out/rbuild-manifest.json"), "utf8");
  expect(JSON.parse(manifest)).toMatchObject({ publishable: false, images: [{ kind: "overridden" }] });
  await developer.tree.git("tag", "v2");
  expect(await developer.run(["iso", "--allow-base-mismatch"])).toMatchObject({ exitCode: 4, last: { code: "iso.override-on-release" } });
  {
    await using _web = await nginx();
    await developer.succeed("image", "fetch", "small");
  }
  expect((await developer.succeed("iso")).last).toMatchObject({ data: { publishable: true, artifacts: [{ digest: second.iso }] } });
});

/** Bytes that came. */
function fetched(lines: readonly Readonly<Record<string, unknown>>[], how: "delta" | "full"): number {
  const event = lines.find((line) => line["kind"] === "image.fetched");
  expect(event).toMatchObject({ how });
  return event?.["bytes"] as number;
}

interface Refusal {
  /** What the mirror's metadata say is true, or was: that is remembered. */
  readonly isSigned?: boolean;
  readonly words?: readonly string[];
  readonly command?: readonly string[];
  readonly before?: readonly string[];
}

async function refused(
  client: SceneHost,
  code: string,
  { isSigned = false, words = [], command = ["image", "fetch", "small"], before = [] }: Refusal = {},
): Promise<void> {
  const store = await client.store();
  const ended = await client.run([...command, ...words], before);
  expect(ended, `${code}\n${JSON.stringify(ended.last)}`).toMatchObject({ exitCode: 5, last: { kind: "error", code } });
  expect(await client.store()).toEqual(isSigned ? { ...store, memory: expect.anything() } : store);
}

async function images({ places }: SceneHost): Promise<unknown> {
  await using embedded = await openEmbedded(places);
  return await embedded.docker.listImages({ all: true });
}

async function retag({ places }: SceneHost, from: string, to: string): Promise<void> {
  await using embedded = await openEmbedded(places);
  await embedded.docker.getImage(`rbuild/small:${from}`).tag({ repo: "rbuild/small", tag: to });
}
