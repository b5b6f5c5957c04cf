import { RbuildError } from "../../system/index.ts";

/** A version of the Docker Engine API. All of them are 1.x; shapes differ by the minor number. */
export interface ApiVersion {
  readonly minor: number;
}

export const MIN_API_VERSION: ApiVersion = { minor: 24 };
export const MAX_API_VERSION: ApiVersion = { minor: 50 };

export const versionText = (version: ApiVersion): string => `1.${version.minor}`;

const PREFIX = /^\/v(\d{1,4})\.(\d{1,4})(?=\/|$)/;

/**
 * Splits `/v1.41/images/json` into version and route path. A path without version means the newest.
 * @throws RbuildError `server.api-version-too-new`, `server.api-version-too-old`
 */
export function splitVersion(path: string): { readonly version: ApiVersion; readonly path: string } {
  const match = PREFIX.exec(path);
  if (!match) return { version: MAX_API_VERSION, path };
  const [prefix, major, minor] = [match[0], Number(match[1]), Number(match[2])];
  if (major > 1 || (major === 1 && minor > MAX_API_VERSION.minor)) {
    throw new RbuildError(
      "server.api-version-too-new",
      `client version ${major}.${minor} is too new. Maximum supported API version is ${versionText(MAX_API_VERSION)}`,
      { category: "invalid", hint: `set DOCKER_API_VERSION=${versionText(MAX_API_VERSION)}` },
    );
  }
  if (major < 1 || minor < MIN_API_VERSION.minor) {
    throw new RbuildError(
      "server.api-version-too-old",
      `client version ${major}.${minor} is too old. Minimum supported API version is ${versionText(MIN_API_VERSION)}, please upgrade your client to a newer version`,
      { category: "invalid" },
    );
  }
  return { version: { minor }, path: path.slice(prefix.length) || "/" };
}
