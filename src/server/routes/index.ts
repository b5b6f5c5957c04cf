import type { Route } from "../http/router.ts";
import { BUILD_ROUTES } from "./build/build.ts";
import { COMMIT_ROUTES } from "./commit.ts";
import { CONTAINER_ROUTES } from "./containers/containers.ts";
import { EXEC_ROUTES } from "./exec.ts";
import { IMAGE_ROUTES } from "./images/images.ts";
import { NETWORK_ROUTES } from "./networks/networks.ts";
import { REFUSED_ROUTES } from "./refused.ts";
import { DISK_USAGE_ROUTES } from "./system/disk-usage.ts";
import { EVENT_ROUTES } from "./system/events.ts";
import { INFO_ROUTES } from "./system/info.ts";
import { PING_ROUTES } from "./system/ping.ts";
import { VERSION_ROUTES } from "./system/version.ts";
import { VOLUME_ROUTES } from "./volumes/volumes.ts";

/** Every route there is; the first that fits a request is taken. */
export const ROUTES: readonly Route[] = [
  ...PING_ROUTES,
  ...VERSION_ROUTES,
  ...INFO_ROUTES,
  ...EVENT_ROUTES,
  ...DISK_USAGE_ROUTES,
  ...REFUSED_ROUTES,
  ...IMAGE_ROUTES,
  ...CONTAINER_ROUTES,
  ...EXEC_ROUTES,
  ...COMMIT_ROUTES,
  ...BUILD_ROUTES,
  ...NETWORK_ROUTES,
  ...VOLUME_ROUTES,
];
