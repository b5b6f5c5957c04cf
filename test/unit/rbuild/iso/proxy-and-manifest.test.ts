import { expect, test } from "vitest";
import type { Digest } from "../../../../src/oci/index.ts";
import type { RbuildEvent } from "../../../../src/rbuild/events.ts";
import { parseRbuildYaml } from "../../../../src/rbuild/iso/config/read-rbuild-yaml.ts";
import { manifestText, objections } from "../../../../src/rbuild/iso/export/manifest.ts";
import { parseProxyChoice, proxyText, resolveProxy } from "../../../../src/rbuild/iso/proxy/choose-proxy.ts";

const resolve = (text: string, hostProxy?: string) => {
  const events: RbuildEvent[] = [];
  return { choice: resolveProxy(parseProxyChoice(text), hostProxy, (event) => events.push(event)), events };
};

test("the host's own proxy is put behind the linked one", () => {
  expect(resolve("link", "http://up:3128").choice).toEqual({ kind: "link", upstream: "http://up:3128" });
  expect(resolve("link").choice).toEqual({ kind: "link" });
  expect(resolve("link+http://mine:1", "http://up:3128").choice).toEqual({ kind: "link", upstream: "http://mine:1" });
  expect(resolve("none", "http://up:3128").choice).toEqual({ kind: "none" });
});

test("a proxy on the loopback address is of no use to a container", () => {
  expect(resolve("link", "http://127.0.0.1:3142")).toMatchObject({ choice: { kind: "link" }, events: [{ kind: "warning.raised", code: "proxy.on-loopback" }] });
  for (const url of ["http://localhost:3142", "http://127.0.0.1:1", "http://[::1]:1", "link+http://127.1.2.3:1"]) {
    expect(() => resolve(url)).toThrow(expect.objectContaining({ code: "proxy.on-loopback" }));
  }
});

test("passwords do not show", () => {
  expect(proxyText(parseProxyChoice("http://me:secret@proxy:1"))).toBe("http://***@proxy:1");
  expect(proxyText(parseProxyChoice("link+http://me:secret@proxy:1"))).toBe("link+http://***@proxy:1");
});

const git = { commit: "c".repeat(40), ref: "refs/heads/main", tag: "v1", baseBranch: undefined, changedFiles: [], isRelease: true, sourceDateEpoch: 1 };
const pin = { name: "builder", version: "1", architecture: "amd64", digest: `sha256:${"1".repeat(64)}`, imageId: `sha256:${"2".repeat(64)}` };
const exact = { kind: "exact", how: "present", pin, reference: "rbuild/builder:1", imageId: pin.imageId } as const;

test("only exact images, locked packages and a clean tree are publishable", () => {
  const mirror = { kind: "mirror" } as const;
  expect(objections(git, [exact], mirror)).toEqual([]);
  expect(objections(git, [exact], { kind: "mirror", objection: "no lock" })).toEqual(["no lock"]);
  expect(objections({ ...git, changedFiles: ["x"] }, [exact], mirror)).toEqual([expect.stringContaining("1 changed file that")]);
  expect(objections(git, [{ kind: "overridden", reason: "another image", pin, reference: "r", imageId: "i" }], mirror)).toEqual(["another image"]);
});

test("the manifest is canonical and hides what is named like a secret", () => {
  const digest = `sha256:${"3".repeat(64)}` as Digest;
  const text = manifestText({
    git,
    directory: ".",
    images: [exact],
    config: parseRbuildYaml("environment: {API_TOKEN: abc, SUITE: bookworm}", "rbuild.yaml"),
    target: "iso",
    supply: { kind: "mirror" },
    network: "bridge",
    proxy: "link",
    isRam: false,
    builderPackages: [{ name: "make", version: "4.3" }],
    systemPackages: [],
    artifacts: [{ path: "a.iso", size: 3, digest }],
    log: { path: "build.log", size: 1, digest },
    tools: { rbuild: "0.1.0", make: "GNU Make 4.3" },
    host: { kernel: "6" },
  });
  expect(text).toMatch(/^\{"artifacts":\[\{"digest"/);
  expect(text.endsWith("}\n")).toBe(true);
  expect(JSON.parse(text)).toMatchObject({
    schema: 1,
    publishable: true,
    source: { tag: "v1", release: true, changedFiles: [] },
    images: [{ kind: "exact", pin: { digest: pin.digest } }],
    options: { environment: { API_TOKEN: "***", SUITE: "bookworm" } },
    packages: { builder: [{ name: "make", version: "4.3" }] },
  });
});
