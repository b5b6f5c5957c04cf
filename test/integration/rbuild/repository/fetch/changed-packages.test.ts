import { createCipheriv } from "node:crypto";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { RbuildEvent } from "../../../../../src/rbuild/events.ts";
import { ensureImage } from "../../../../../src/rbuild/images/ensure-image.ts";
import type { ImagePin } from "../../../../../src/rbuild/images/image-operations.ts";
import { readPin } from "../../../../../src/rbuild/images/pin/pin-file.ts";
import { pinImage } from "../../../../../src/rbuild/images/pin-image.ts";
import type { TestPackage } from "../../../../support/apt-archive/index.ts";
import { openTestHost } from "../../../../support/iso/container-host.ts";
import { serveFiles, type Twist } from "../../../../support/repository/fetch-lab.ts";
import { openPublishLab, type PublishLab } from "../../../../support/repository/publish-lab.ts";
import { scratchDirectory } from "../../../../support/scratch.ts";
import { NOW } from "../../../../support/trust/test-keys.ts";

/** What does not compress. */
const noise = (size: number): Buffer => createCipheriv("aes-128-ctr", Buffer.alloc(16), Buffer.alloc(16)).update(Buffer.alloc(size));
const deb = (name: string, version: string, content: Buffer): TestPackage => ({
  name,
  version,
  architecture: "amd64",
  files: { [`/usr/share/${name}`]: { content, mode: 0o644 } },
});

let lab: PublishLab;
let docker: Awaited<ReturnType<typeof openTestHost>>;
let pin: ImagePin;
/** A pool that has the packages of version 1. */
let oldPool: string;

beforeAll(async () => {
  vi.useFakeTimers({ toFake: ["Date"], now: NOW });
  lab = await openPublishLab();
  docker = await openTestHost();
  const bulk = deb("bulk", "1", noise(12_000_000));
  const release = async (version: string) => {
    await lab.images.define("large", { version }, { packages: [bulk, deb("little", version, Buffer.from(`version ${version}\n`))] });
    await pinImage({ name: "large", offline: true }, lab.images.dependencies);
  };
  await release("1");
  oldPool = join(lab.directory, "old-pool");
  await cp(join(lab.images.directory, "state/pool"), oldPool, { recursive: true });
  await release("2");
  await lab.publish({ names: ["large"], deltas: 0, pool: { sources: {}, offline: true } });
  pin = (await readPin(join(lab.images.directory, "images/large"))) as ImagePin;
}, 300_000);
afterAll(async () => {
  await docker[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
  vi.useRealTimers();
});

async function client({ hasOld = true, twist }: { readonly hasOld?: boolean; readonly twist?: Twist } = {}) {
  for (const { RepoTags } of await docker.docker.listImages()) for (const tag of RepoTags ?? []) await docker.docker.getImage(tag).remove({ force: true });
  const state = await scratchDirectory();
  if (hasOld) await cp(oldPool, join(state, "pool"), { recursive: true });
  const web = await serveFiles(lab.repository, twist);
  const events: RbuildEvent[] = [];
  const dependencies = {
    ...lab.images.dependencies,
    containerHost: docker.docker,
    stateDirectory: state,
    report: (event: RbuildEvent) => void events.push(event),
  };
  const repositories = { places: [web.url], keys: lab.keys, isExplicit: true };
  const ensured = await ensureImage({ name: "large", repositories, sources: { mirrors: new Map([["debian", "http://127.0.0.1:1"]]) } }, dependencies);
  const asked = (prefix: string) => web.asked.filter(({ url }) => url.startsWith(prefix)).length;
  return { ensured, asked, planned: events.find(({ kind }) => kind === "image.planned"), events };
}

test("who has most of the packages builds the image from those that changed, which the repository has", async () => {
  const { ensured, asked, planned } = await client();
  expect(ensured).toMatchObject({ kind: "exact", how: "reproduced", pin: { digest: pin.digest } });
  expect(planned).toMatchObject({ name: "large", version: "2", way: "packages", predicted: { packages: expect.any(Number), full: expect.any(Number) } });
  const { predicted } = planned as Extract<RbuildEvent, { kind: "image.planned" }>;
  expect(predicted.packages).toBeLessThan(10_000);
  expect(predicted.full).toBeGreaterThan(12_000_000);
  expect([asked("/pool/"), asked("/encoded/"), asked("/blobs/")]).toEqual([1, 0, 0]);
});

test("who has none of them fetches the image", async () => {
  const { ensured, asked, planned } = await client({ hasOld: false });
  expect(ensured).toMatchObject({ kind: "exact", how: "fetched", pin: { digest: pin.digest } });
  expect(planned).toMatchObject({ way: "full" });
  expect([asked("/pool/"), asked("/encoded/")]).toEqual([0, 1]);
});

test("packages that cannot be had, or are others, are a warning, and the image is fetched", async () => {
  for (const isGone of [true, false]) {
    const twist: Twist = (path, bytes, _request, response) => {
      if (!path.startsWith("pool/")) return false;
      response.writeHead(isGone ? 404 : 200).end(isGone ? "" : Buffer.alloc(bytes?.byteLength ?? 0, "x"));
      return true;
    };
    const { ensured, asked, planned, events } = await client({ twist });
    expect(ensured).toMatchObject({ kind: "exact", how: "fetched", pin: { digest: pin.digest } });
    expect(planned).toMatchObject({ way: "packages" });
    expect(asked("/encoded/")).toBe(1);
    const codes = events.flatMap((event) => (event.kind === "warning.raised" ? [event.code] : []));
    expect(codes).toContain(isGone ? "pool.not-obtainable" : "pool.wrong-bytes");
  }
});
