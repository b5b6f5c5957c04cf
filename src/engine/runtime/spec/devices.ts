import { type Dirent, lstatSync, readdirSync, type Stats, statSync } from "node:fs";
import { join } from "node:path";
import { isSystemError, RbuildError } from "../../../system/index.ts";
import type { SpecDevice, SpecDeviceRule } from "./runtime-spec.ts";

export interface DeviceAccess {
  readonly devices: readonly SpecDevice[];
  readonly rules: readonly SpecDeviceRule[];
}

export interface DeviceRequest {
  readonly pathOnHost: string;
  readonly pathInContainer: string;
  readonly permissions: string;
}

/**
 * Devices asked for one by one; a directory stands for all devices below it.
 * @throws RbuildError `container.no-such-device`, `container.bad-device-permissions`
 */
export function requestedDevices(requests: readonly DeviceRequest[]): DeviceAccess {
  const devices = requests.flatMap((request) => {
    if (!/^[rwm]{1,3}$/.test(request.permissions)) {
      throw new RbuildError("container.bad-device-permissions", `${JSON.stringify(request.permissions)} for ${request.pathOnHost} is not made of r, w and m`, {
        category: "invalid",
      });
    }
    const found = devicesAt(request.pathOnHost, request.pathInContainer);
    if (found.length === 0) throw noSuchDevice(request.pathOnHost);
    return found.map((device) => ({ device, access: request.permissions }));
  });
  return {
    devices: devices.map(({ device }) => device),
    rules: devices.map(({ device, access }) => ({ allow: true, type: device.type as "b" | "c", major: device.major, minor: device.minor, access })),
  };
}

/** Every device of the host's /dev, for privileged containers. */
export function allHostDevices(): DeviceAccess {
  const skipped = new Set(["pts", "shm", "fd", "mqueue", ".lxc", ".lxd-mounts", ".udev", "console", "ptmx"]);
  const devices = entries("/dev").flatMap(({ name }) => (skipped.has(name) ? [] : devicesAt(join("/dev", name), join("/dev", name))));
  return { devices, rules: [{ allow: true, access: "rwm" }] };
}

function devicesAt(pathOnHost: string, pathInContainer: string, depth = 0): SpecDevice[] {
  let stats: Stats;
  try {
    stats = depth === 0 ? statSync(pathOnHost) : lstatSync(pathOnHost);
  } catch (error) {
    if (isSystemError(error, "ENOENT", "ENOTDIR") && depth > 0) return [];
    throw noSuchDevice(pathOnHost, error);
  }
  if (stats.isDirectory()) {
    return depth > 4 ? [] : entries(pathOnHost).flatMap(({ name }) => devicesAt(join(pathOnHost, name), join(pathInContainer, name), depth + 1));
  }
  if (!stats.isCharacterDevice() && !stats.isBlockDevice()) return [];
  const { major, minor } = deviceNumbers(stats.rdev);
  return [
    {
      path: pathInContainer,
      type: stats.isBlockDevice() ? "b" : "c",
      major,
      minor,
      fileMode: stats.mode & 0o7777,
      uid: stats.uid,
      gid: stats.gid,
    },
  ];
}

/** As gnu_dev_major(3) and gnu_dev_minor(3) take a device number apart. */
export function deviceNumbers(rdev: number): { readonly major: number; readonly minor: number } {
  const dev = BigInt(rdev);
  return {
    major: Number(((dev >> 8n) & 0xfffn) | ((dev >> 32n) & 0xfffff000n)),
    minor: Number((dev & 0xffn) | ((dev >> 12n) & 0xffffff00n)),
  };
}

const entries = (path: string): Dirent[] => readdirSync(path, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));

const noSuchDevice = (path: string, cause?: unknown) =>
  new RbuildError("container.no-such-device", `${path} is no device of this host, nor a directory with one`, {
    category: "not-found",
    cause,
    details: { path },
  });
