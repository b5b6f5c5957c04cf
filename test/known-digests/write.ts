import { cp, mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { COMPATIBILITY_VERSION } from "../../src/rbuild/images/compatibility.ts";
import { openImageLab } from "../support/images/image-lab.ts";
import { knownDirectory } from "./known-images.ts";

/**
 * Writes the directory of the current compatibility version: `node test/known-digests/write.ts`, once for each new version. A directory
 * that is there stays as it is: what it says is what the digests must be.
 */

const directory = knownDirectory(COMPATIBILITY_VERSION);
await mkdir(directory);
try {
  await using lab = await openImageLab();
  const long = "a-name-that-does-not-fit-the-hundred-bytes-of-a-tar-header-".repeat(3);
  await lab.define(
    "tiny",
    { description: "unpacked packages", command: ["/bin/tool"], environment: { PATH: "/usr/bin:/bin" }, normalise: { remove: ["usr/share/doc/**"] } },
    {
      packages: [
        {
          name: "tiny-files",
          version: "1:1.0-1",
          essential: true,
          files: {
            "/etc/tiny.conf": "conf\n",
            "/usr/share/doc/tiny-files/copyright": "removed\n",
            [`/usr/share/tiny/${long}`]: "long\n",
            "/usr/share/tiny/Ümläut": "bytes\n",
            "/var/log/tiny.log": "a rule takes it out\n",
            "/usr/share/zoneinfo/Etc/UTC": "TZif\n",
          },
          scripts: { conffiles: "/etc/tiny.conf\n" },
        },
        {
          name: "tiny-tools",
          version: "2.0",
          architecture: "amd64",
          multiArch: "same",
          depends: "tiny-files",
          replaces: "tiny-files",
          files: {
            "/bin/tool": { content: "#!/bin/sh\n", mode: 0o4755 },
            "/lib/libtiny.so": { symlink: "libtiny.so.1" },
            "/usr/lib/libtiny.so.1": new Uint8Array(4096).fill(7),
          },
          scripts: { postinst: "#!/bin/sh\nexit 1\n" },
        },
      ],
    },
  );
  await lab.define(
    "top",
    {
      from: "tiny",
      users: [{ name: "web", uid: 900, home: "/srv/web" }],
      files: [
        { path: "/srv/web/own.txt", content: "own\n", owner: "web", group: "web", mode: "0600" },
        { path: "/bin/run", source: "run", mode: "0755" },
      ],
      locale: "C.UTF-8",
      timezone: "Etc/UTC",
      entrypoint: ["/bin/run"],
      user: "web",
      workingDirectory: "/srv/web",
      exposedPorts: ["80/tcp"],
      volumes: ["/srv/web"],
    },
    { packages: [{ name: "more", version: "3~rc1", files: { "/usr/share/more/a": "more\n" } }], files: { run: "#!/bin/sh\n" } },
  );
  const digests: Record<string, string> = {};
  for (const name of ["tiny", "top"]) digests[name] = (await lab.build(name)).digest;
  await cp(join(lab.directory, "images"), join(directory, "images"), { recursive: true });
  await cp(join(lab.pool.directory, "sha256"), join(directory, "pool/sha256"), { recursive: true });
  await writeFile(join(directory, "digests.json"), `${JSON.stringify(digests, undefined, 2)}\n`);
} catch (error) {
  await rm(directory, { recursive: true });
  throw error;
}
