import { json } from "../../http/answer.ts";
import { MAX_API_VERSION, MIN_API_VERSION, versionText } from "../../http/api-version.ts";
import type { Handler, Route } from "../../http/router.ts";

const getVersion: Handler = async (_request, { engine }) => {
  const info = await engine.info();
  const [ApiVersion, MinAPIVersion] = [versionText(MAX_API_VERSION), versionText(MIN_API_VERSION)];
  const common = { ApiVersion, Arch: info.architecture, GitCommit: "", GoVersion: "", KernelVersion: info.kernel, MinAPIVersion, Os: "linux" };
  return json({
    Platform: { Name: "rbuild" },
    Components: [
      { Name: "Engine", Version: info.version, Details: { ...common, BuildTime: "", Experimental: "false" } },
      { Name: info.runtime.name, Version: info.runtime.version, Details: { GitCommit: "" } },
    ],
    Version: info.version,
    ...common,
    BuildTime: "",
  });
};

export const VERSION_ROUTES: readonly Route[] = [{ method: "GET", path: "/version", handle: getVersion }];
