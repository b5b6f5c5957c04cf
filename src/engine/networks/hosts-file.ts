import { closeSync, ftruncateSync, openSync } from "node:fs";
import { isRbuildError, isSystemError, RbuildError, readFileIfExists, writeAllSync } from "../../system/index.ts";
import { parseAddress } from "./ipv4.ts";
import type { Member, RunningNetwork } from "./running-networks.ts";

const MAX_HOSTS_BYTES = 4 * 1024 * 1024;
const STANDARD = [
  "127.0.0.1\tlocalhost",
  "::1\tlocalhost ip6-localhost ip6-loopback",
  "fe00::0\tip6-localnet",
  "ff00::0\tip6-mcastprefix",
  "ff02::1\tip6-allnodes",
  "ff02::2\tip6-allrouters",
];
const SHORT_ID = 12;

const unique = (names: readonly string[]): string => [...new Set(names)].filter((name) => /^[^\s#]+$/.test(name)).join(" ");

const line = (address: string, names: readonly string[]): string => `${address}\t${unique(names)}`;

/** What a container calls itself. */
function ownLine(member: Member): string {
  const full = member.domainname ? [`${member.hostname}.${member.domainname}`] : [];
  return line(member.address, [...full, member.hostname, member.name, ...member.aliases]);
}

/** What `reader` calls `member`. */
function neighbourLine(member: Member, reader: Member): string {
  const linked = reader.links.flatMap(({ containerId, alias }) => (containerId === member.containerId ? alias : []));
  return line(member.address, [...linked, member.name, member.containerId.slice(0, SHORT_ID), ...member.aliases]);
}

/** `name:address` → a line. The address may have colons itself. @throws RbuildError `network.invalid-extra-host` */
function extraLine(text: string, gateway: string | undefined): string {
  const colon = text.indexOf(":");
  const [name, given] = [text.slice(0, colon), text.slice(colon + 1)];
  const address = given === "host-gateway" ? gateway : given.replace(/^\[(.*)\]$/, "$1");
  if (colon < 1 || !address || !/^[^\s#]+$/.test(name) || !(parseAddress(address) !== undefined || /^[0-9a-fA-F:.]*:[0-9a-fA-F:.]*$/.test(address))) {
    throw new RbuildError("network.invalid-extra-host", `${JSON.stringify(text)} is not name:address`, { category: "invalid", details: { extraHost: text } });
  }
  return `${address}\t${name}`;
}

const fileText = (lines: readonly string[]): string => lines.map((one) => `${one}\n`).join("");

/** The whole file of a container that joins `places`, its own place in each network with the network's state. */
export function newHostsFile(places: readonly { readonly network: RunningNetwork; readonly member: Member }[], extraHosts: readonly string[]): string {
  const gateway = places[0]?.network.gateway;
  const neighbours = places.flatMap(({ network, member }) =>
    network.members.filter(({ containerId }) => containerId !== member.containerId).map((other) => neighbourLine(other, member)),
  );
  return fileText([...STANDARD, ...extraHosts.map((text) => extraLine(text, gateway)), ...places.map(({ member }) => ownLine(member)), ...neighbours]);
}

/** The file of a container in the host's own namespace. */
export async function hostHostsFile(extraHosts: readonly string[]): Promise<string> {
  const host = await readHosts("/etc/hosts");
  return `${host ?? fileText(STANDARD)}${host?.endsWith("\n") === false ? "\n" : ""}${fileText(extraHosts.map((text) => extraLine(text, "127.0.0.1")))}`;
}

export function checkExtraHosts(extraHosts: readonly string[]): void {
  for (const text of extraHosts) extraLine(text, "0.0.0.0");
}

/** Tells the others in a network that a container came, went (`now` undefined) or changed its name. */
export async function updateNeighbours(network: RunningNetwork, before: Member | undefined, now: Member | undefined): Promise<void> {
  const subject = now ?? before;
  for (const reader of network.members) {
    if (reader.containerId === subject?.containerId || reader.hostsFile === undefined) continue;
    await editHosts(reader.hostsFile, before && neighbourLine(before, reader), now && neighbourLine(now, reader));
  }
}

/** The same for a container's own line. */
export async function updateOwnName(before: Member, now: Member): Promise<void> {
  if (now.hostsFile !== undefined) await editHosts(now.hostsFile, ownLine(before), ownLine(now));
}

/** Takes one line out and puts one in; everything else, whoever wrote it, stays as it is. A file that is gone is left gone. */
async function editHosts(path: string, remove: string | undefined, add: string | undefined): Promise<void> {
  const text = await readHosts(path);
  if (text === undefined) return;
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  const kept = lines.filter((one) => one !== remove && one !== add);
  await writeHosts(path, fileText(add === undefined ? kept : [...kept, add]));
}

/** Writes over the old bytes and cuts what is left: the inode stays, and a reader never finds the file empty. */
export async function writeHosts(path: string, text: string): Promise<void> {
  let file: number;
  try {
    file = openSync(path, "r+");
  } catch (error) {
    if (isSystemError(error, "ENOENT")) return;
    throw error;
  }
  try {
    const bytes = Buffer.from(text);
    writeAllSync(file, bytes, 0);
    ftruncateSync(file, bytes.byteLength);
  } finally {
    closeSync(file);
  }
}

/** Undefined also for a file that a container has made senselessly large. */
async function readHosts(path: string): Promise<string | undefined> {
  try {
    return (await readFileIfExists(path, MAX_HOSTS_BYTES))?.toString("utf8");
  } catch (error) {
    if (isRbuildError(error, "file.too-large")) return undefined;
    throw error;
  }
}
