import type { Job } from "./jobs.ts";

/** Something a Debian package brings that rbuild, its engine or its tests start or read. */
export interface HostTool {
  /** Any one of them in PATH is enough. An absolute path is a file that must be there. */
  readonly programs: readonly [string, ...string[]];
  /** Any one of them brings it, the first that the host's archive has. */
  readonly packages: readonly [string, ...string[]];
  /** Lowest version that is known to work. */
  readonly minimum?: string;
  /** Arguments that print the version; default `--version`. */
  readonly versionArguments?: readonly string[];
  readonly why: string;
  /** The first job that needs it, and so do all above. */
  readonly job: Job;
  /** Something is less good without it, nothing fails. */
  readonly isOptional?: boolean;
}

/** All host tools. What a package of Debian's own set of essential ones brings is listed where its version matters. */
export const HOST_TOOLS: readonly HostTool[] = [
  { programs: ["crun", "runc"], packages: ["crun"], minimum: "0.17", why: "starts containers (OCI runtime); crun is the quickest", job: "engine" },
  { programs: ["runc"], packages: ["runc"], minimum: "1.0", why: "starts containers where crun cannot", job: "engine", isOptional: true },
  { programs: ["conmon"], packages: ["conmon"], minimum: "2.0.25", why: "keeps a container's streams, log and exit code", job: "engine" },
  { programs: ["ip"], packages: ["iproute2"], versionArguments: ["-V"], why: "takes container networks down", job: "engine" },
  { programs: ["nft"], packages: ["nftables"], minimum: "0.9.8", why: "network address translation and published ports", job: "engine" },
  { programs: ["tar"], packages: ["tar"], minimum: "1.30", why: "unpacks layers exactly", job: "engine" },
  { programs: ["unshare"], packages: ["util-linux"], minimum: "2.34", why: "namespaces of helper processes, and what the doctor tries", job: "engine" },
  { programs: ["mount"], packages: ["mount"], why: "a view of cgroups that crun accepts, and what the doctor tries", job: "engine" },
  {
    programs: ["zstd"],
    packages: ["zstd"],
    minimum: "1.4.5",
    why: "reads layers and archives in zstd, compresses what is published, makes and undoes deltas",
    job: "engine",
    isOptional: true,
  },
  { programs: ["bzip2"], packages: ["bzip2"], why: "reads archives in bzip2", job: "engine", isOptional: true },
  { programs: ["xz"], packages: ["xz-utils"], minimum: "5.2", why: "unpacks Debian packages", job: "image" },
  { programs: ["apt-get"], packages: ["apt"], minimum: "2.0", why: "knows the host's Debian mirror, and chooses the packages of locks", job: "image" },
  {
    programs: ["/usr/share/keyrings/debian-archive-keyring.gpg", "/usr/share/keyrings/debian-archive-keyring.pgp"],
    packages: ["debian-archive-keyring"],
    why: "checks the signature of the Debian archive",
    job: "image",
  },
  { programs: ["gpg"], packages: ["gnupg"], minimum: "2.2", why: "signs with keys that GnuPG or a smartcard has", job: "image", isOptional: true },
  { programs: ["git"], packages: ["git"], minimum: "2.31", why: "knows the commit, tag and state of the tree that is built", job: "iso" },
  { programs: ["make"], packages: ["make"], why: "runs the checkout's own targets", job: "test" },
  { programs: ["gpg-agent"], packages: ["gpg-agent"], why: "has the keys that tests sign with", job: "test" },
  { programs: ["/usr/lib/gnupg/scdaemon"], packages: ["scdaemon"], why: "has gpg sign with a card, in `make test-full`", job: "test", isOptional: true },
  { programs: ["pcscd"], packages: ["pcscd"], minimum: "1.9", why: "reads cards for that", job: "test", isOptional: true },
  {
    programs: ["/usr/lib/pcsc/drivers/serial/libifdvpcd.so"],
    packages: ["vsmartcard-vpcd"],
    why: "a reader for a card in software",
    job: "test",
    isOptional: true,
  },
  { programs: ["sqv"], packages: ["sqv"], minimum: "1.0", why: "checks signatures, independently of rbuild and GnuPG", job: "test" },
  { programs: ["qemu-system-x86_64"], packages: ["qemu-system-x86"], minimum: "5.2", why: "boots the ISO that was built", job: "test" },
  { programs: ["/usr/share/ovmf/OVMF.fd"], packages: ["ovmf"], why: "UEFI firmware for that", job: "test" },
  { programs: ["docker"], packages: ["docker-cli", "docker.io"], minimum: "20.10", why: "the real client, against the engine's API", job: "test" },
  { programs: ["skopeo"], packages: ["skopeo"], minimum: "1.2", why: "another client of registries, to pull from `rbuild serve`", job: "test" },
  { programs: ["openssl"], packages: ["openssl"], why: "makes certificates of servers that repositories are fetched from", job: "test" },
  { programs: ["podman"], packages: ["podman"], minimum: "3.0", why: "another client of registries, to pull from `rbuild serve`", job: "test" },
  { programs: ["rsync"], packages: ["rsync"], minimum: "3.1", why: "copies repositories to web servers", job: "test" },
  { programs: ["strace"], packages: ["strace"], minimum: "5.3", why: "ends programs at each of their writes, and counts what they open", job: "test" },
  { programs: ["lsattr"], packages: ["e2fsprogs"], why: "shows what the engine tells ext4 of a directory", job: "test" },
  { programs: ["newuidmap"], packages: ["uidmap"], why: "user namespaces for `--rootless`", job: "test" },
  { programs: ["zsh"], packages: ["zsh"], why: "takes its completion script", job: "test" },
  { programs: ["fish"], packages: ["fish"], minimum: "3.0", why: "takes its completion script", job: "test" },
  { programs: ["chromium"], packages: ["chromium"], why: "shows the page of `rbuild serve`", job: "test" },
  { programs: ["mmdebstrap"], packages: ["mmdebstrap"], why: "the other way to a base image, to compare with", job: "bench" },
  { programs: ["nginx"], packages: ["nginx-light"], versionArguments: ["-v"], why: "serves repositories in tests, and is compared with", job: "test" },
  { programs: ["dpkg-scanpackages"], packages: ["dpkg-dev"], why: "makes the archive for that", job: "bench" },
  { programs: ["casync"], packages: ["casync"], why: "the other way to small updates, to compare with", job: "bench" },
  { programs: ["dockerd"], packages: ["docker.io"], minimum: "20.10", why: "the other engine, to compare with", job: "test" },
  { programs: ["mkfs.xfs"], packages: ["xfsprogs"], why: "a store on another file system", job: "test" },
  { programs: ["mkfs.btrfs"], packages: ["btrfs-progs"], why: "a store on another file system", job: "test" },
  {
    programs: ["mksquashfs"],
    packages: ["squashfs-tools"],
    minimum: "4.4",
    versionArguments: ["-version"],
    why: "makes file systems that deltas of ISOs are tried with",
    job: "test",
  },
  { programs: ["lz4"], packages: ["lz4"], why: "packs what stands for a kernel in them", job: "test" },
  { programs: ["disorderfs"], packages: ["disorderfs"], why: "directories in another order", job: "test" },
  { programs: ["faketime"], packages: ["faketime"], why: "another year", job: "test" },
];
