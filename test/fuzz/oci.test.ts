import { parseDockerManifest, repoTags } from "../../src/engine/images/docker-manifest.ts";
import { canonicalJson, digestOf, parseDigest, parseImageConfig, parseIndex, parseManifest, parseReference, referenceText } from "../../src/oci/index.ts";
import { checkImage } from "../../src/rbuild/repository/fetch/check-image.ts";
import { fuzz } from "../support/fuzz/fuzz.ts";

const FORMAT = /^oci\.format$/;
const digest = digestOf("x");
const platform = { os: "linux", architecture: "arm64", variant: "v8" };
const config = JSON.stringify({
  created: "2026-11-21T12:00:00Z",
  author: "a",
  architecture: "amd64",
  os: "linux",
  config: {
    User: "1000:1000",
    Env: ["PATH=/bin"],
    Entrypoint: ["/init"],
    Cmd: null,
    ExposedPorts: { "80/tcp": {} },
    Volumes: { "/data": {} },
    WorkingDir: "/work",
    Labels: { a: "b" },
    StopSignal: "SIGTERM",
    Healthcheck: { Test: ["CMD", "x"], Interval: 1_000_000_000 },
    Shell: ["/bin/sh", "-c"],
    OnBuild: [],
  },
  rootfs: { type: "layers", diff_ids: [digest] },
  history: [{ created: "2026-11-21T12:00:00Z", created_by: "x", empty_layer: true }],
});
const layer = { mediaType: "application/vnd.oci.image.layer.v1.tar+gzip", digest, size: 12, annotations: { a: "b" } };
const manifest = JSON.stringify({
  schemaVersion: 2,
  mediaType: "application/vnd.oci.image.manifest.v1+json",
  config: { mediaType: "application/vnd.oci.image.config.v1+json", digest, size: config.length },
  layers: [layer, { ...layer, mediaType: "application/vnd.docker.image.rootfs.diff.tar.gzip" }],
  annotations: { "org.opencontainers.image.ref.name": "a:1" },
});
const index = JSON.stringify({
  schemaVersion: 2,
  mediaType: "application/vnd.oci.image.index.v1+json",
  manifests: [{ mediaType: "application/vnd.oci.image.manifest.v1+json", digest, size: 5, platform, annotations: { "io.containerd.image.name": "a" } }],
});

fuzz("manifests", { seeds: [manifest], parse: parseManifest, codes: FORMAT });
fuzz("indexes", { seeds: [index], parse: parseIndex, codes: FORMAT });
fuzz("configs", { seeds: [config], parse: (bytes) => canonicalJson(parseImageConfig(bytes)), codes: FORMAT });
fuzz("manifest.json of docker save", {
  seeds: [
    JSON.stringify([
      { Config: "a.json", RepoTags: ["registry.example:5000/a/b:1"], Layers: ["b/layer.tar"] },
      { Config: "c", RepoTags: null, Layers: [] },
    ]),
  ],
  parse: (bytes) => parseDockerManifest(bytes).map(repoTags),
  codes: FORMAT,
});
fuzz("references", {
  seeds: [`registry.example:5000/a/b__c-d:tag@${digest}`, "busybox", "localhost/a:1"],
  parse: (bytes) => referenceText(parseReference(bytes.toString("latin1"))),
  codes: FORMAT,
});
fuzz("digests", { seeds: [digest], parse: (bytes) => parseDigest(bytes.toString("latin1")), codes: FORMAT });

const image = { name: "a", version: "1", architecture: "amd64", manifest: digestOf(manifest), config: digestOf(config), layers: [digest] };
fuzz("manifests of an index's images", {
  seeds: [manifest, config],
  parse: (bytes) => {
    for (const changed of [
      { manifest: bytes, config: Buffer.from(config) },
      { manifest: Buffer.from(manifest), config: bytes },
    ]) {
      try {
        checkImage(image as never, changed, { blobs: [{ digest, size: 12 }] } as never);
      } catch (error) {
        if ((error as { code?: string }).code !== "trust.wrong-image") throw error;
      }
    }
  },
});
