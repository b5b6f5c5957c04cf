import { RbuildError } from "../../system/index.ts";
import { json } from "../http/answer.ts";
import type { Handler, Route } from "../http/router.ts";

/** What this engine does not do, each answered in words instead of by silence. */
const refuse =
  (make: () => RbuildError): Handler =>
  () => {
    throw make();
  };

const notSwarm = refuse(
  () =>
    new RbuildError("server.not-a-swarm-manager", "This node is not a swarm manager. This engine runs on one host alone and has no swarm to init or join.", {
      category: "unavailable",
    }),
);

export const noRegistry = () =>
  new RbuildError("server.no-registry", "no registry is configured in this engine: bring images with docker load, docker import or docker build", {
    category: "unavailable",
  });

export const notOffered = (what: string) => new RbuildError("server.not-offered", `this engine does not offer ${what}`, { category: "unavailable" });

const SWARM_AREAS = ["swarm", "nodes", "services", "tasks", "secrets", "configs"];
const METHODS = ["GET", "POST", "DELETE"] as const;

const swarmRoutes = SWARM_AREAS.flatMap((area) =>
  METHODS.flatMap((method): Route[] => [
    { method, path: `/${area}`, handle: notSwarm },
    { method, path: `/${area}/{rest...}`, handle: notSwarm },
  ]),
);

const pluginNotFound: Handler = ({ params }) => {
  throw new RbuildError("server.plugin-not-found", `plugin "${params["name"]}" not found`, { category: "not-found" });
};

export const REFUSED_ROUTES: readonly Route[] = [
  ...swarmRoutes,
  { method: "POST", path: "/auth", handle: refuse(noRegistry) },
  { method: "GET", path: "/distribution/{name...}/json", handle: refuse(noRegistry) },
  { method: "GET", path: "/images/search", handle: refuse(noRegistry) },
  { method: "POST", path: "/images/{name...}/push", handle: refuse(noRegistry) },
  { method: "POST", path: "/session", handle: refuse(() => notOffered("BuildKit sessions; set DOCKER_BUILDKIT=0 for the classic builder")) },
  { method: "POST", path: "/grpc", handle: refuse(() => notOffered("BuildKit; set DOCKER_BUILDKIT=0 for the classic builder")) },
  {
    method: "GET",
    path: "/containers/{id}/attach/ws",
    handle: refuse(() => notOffered("attaching through a WebSocket; POST /containers/{id}/attach does it")),
  },
  { method: "GET", path: "/plugins", handle: () => json([]) },
  { method: "GET", path: "/plugins/{name...}/json", handle: pluginNotFound },
  { method: "GET", path: "/plugins/privileges", handle: refuse(() => notOffered("plugins")) },
  ...METHODS.map((method): Route => ({ method, path: "/plugins/{rest...}", handle: refuse(() => notOffered("plugins")) })),
];
