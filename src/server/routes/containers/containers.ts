import type { Route } from "../../http/router.ts";
import { exportContainer, getArchive, putArchive, statArchive } from "./archive.ts";
import { attachContainer } from "./attach.ts";
import { createContainer } from "./create.ts";
import { getChanges, getTop, inspectContainer } from "./inspect.ts";
import {
  killContainer,
  pauseContainer,
  removeContainer,
  renameContainer,
  resizeContainer,
  restartContainer,
  startContainer,
  stopContainer,
  unpauseContainer,
  waitContainer,
} from "./life.ts";
import { listContainers } from "./list.ts";
import { getLogs } from "./logs.ts";
import { pruneContainers } from "./prune.ts";
import { getStats } from "./stats.ts";
import { updateContainer } from "./update.ts";

export const CONTAINER_ROUTES: readonly Route[] = [
  { method: "GET", path: "/containers/json", handle: listContainers },
  { method: "POST", path: "/containers/create", handle: createContainer },
  { method: "POST", path: "/containers/prune", handle: pruneContainers },
  { method: "GET", path: "/containers/{id}/json", handle: inspectContainer },
  { method: "GET", path: "/containers/{id}/top", handle: getTop },
  { method: "GET", path: "/containers/{id}/logs", handle: getLogs },
  { method: "GET", path: "/containers/{id}/changes", handle: getChanges },
  { method: "GET", path: "/containers/{id}/export", handle: exportContainer },
  { method: "GET", path: "/containers/{id}/stats", handle: getStats },
  { method: "HEAD", path: "/containers/{id}/archive", handle: statArchive },
  { method: "GET", path: "/containers/{id}/archive", handle: getArchive },
  { method: "PUT", path: "/containers/{id}/archive", handle: putArchive },
  { method: "POST", path: "/containers/{id}/start", handle: startContainer },
  { method: "POST", path: "/containers/{id}/stop", handle: stopContainer },
  { method: "POST", path: "/containers/{id}/restart", handle: restartContainer },
  { method: "POST", path: "/containers/{id}/kill", handle: killContainer },
  { method: "POST", path: "/containers/{id}/pause", handle: pauseContainer },
  { method: "POST", path: "/containers/{id}/unpause", handle: unpauseContainer },
  { method: "POST", path: "/containers/{id}/rename", handle: renameContainer },
  { method: "POST", path: "/containers/{id}/resize", handle: resizeContainer },
  { method: "POST", path: "/containers/{id}/update", handle: updateContainer },
  { method: "POST", path: "/containers/{id}/wait", handle: waitContainer },
  { method: "POST", path: "/containers/{id}/attach", hijacks: true, handle: attachContainer },
  { method: "DELETE", path: "/containers/{id}", handle: removeContainer },
];
