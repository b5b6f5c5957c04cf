import { describe, expect, test } from "vitest";
import { applyChanges } from "../../../../src/engine/containers/commit/config-changes.ts";
import { resolveExposedPorts } from "../../../../src/engine/containers/create/exposed-ports.ts";
import { mergeEnvironment, resolveProcess } from "../../../../src/engine/containers/create/process-defaults.ts";
import { exitStatusOf } from "../../../../src/engine/containers/exit/exit-status.ts";
import { linkEnvironment } from "../../../../src/engine/containers/links.ts";
import { parseSignal } from "../../../../src/engine/containers/signals.ts";

const image = { Entrypoint: ["/entry"], Cmd: ["default"], Env: ["A=1", "PATH=/bin"], WorkingDir: "/w", User: "u" };
const argsOf = (spec: object) => resolveProcess({ image: "i", ...spec }, image, "h").args;

describe("the process", () => {
  test.each([
    [{}, ["/entry", "default"]],
    [{ command: ["x"] }, ["/entry", "x"]],
    [{ entrypoint: ["/other"] }, ["/other"]],
    [{ entrypoint: ["/other"], command: ["x"] }, ["/other", "x"]],
    [{ entrypoint: [], command: ["x"] }, ["x"]],
    [{ entrypoint: [""], command: ["x"] }, ["x"]],
    [{ entrypoint: null, command: ["x"] }, ["x"]],
  ])("%j", (spec, args) => {
    expect(argsOf(spec)).toEqual(args);
  });

  test("needs a command and an absolute directory", () => {
    expect(() => argsOf({ entrypoint: [] })).toThrow(expect.objectContaining({ code: "container.no-command" }));
    expect(() => argsOf({ workingDir: "w" })).toThrow(expect.objectContaining({ code: "container.bad-directory" }));
  });

  test("takes environment, directory and user from the image under the caller's", () => {
    expect(resolveProcess({ image: "i", env: ["A=2", "B=3=4", "PATH"], tty: true }, image, "h")).toMatchObject({
      env: ["HOSTNAME=h", "TERM=xterm", "A=2", "B=3=4"],
      cwd: "/w",
      user: "u",
    });
    expect(mergeEnvironment(["A=1", "B=2"], ["B=3", "C=4", "A"])).toEqual(["B=3", "C=4"]);
  });
});

test("link environment is Docker's", () => {
  const link = {
    alias: "my-db",
    name: "database",
    endpoint: { address: "172.17.0.2" },
    exposedPorts: [
      { containerPort: 53, protocol: "udp" as const },
      { containerPort: 5433, protocol: "tcp" as const },
      { containerPort: 5432, protocol: "tcp" as const },
    ],
    env: ["PATH=/bin", "HOME=/", "SECRET=a=b"],
  };
  expect(linkEnvironment("app", [link])).toEqual([
    "MY_DB_PORT=tcp://172.17.0.2:5432",
    "MY_DB_PORT_5432_TCP=tcp://172.17.0.2:5432",
    "MY_DB_PORT_5432_TCP_ADDR=172.17.0.2",
    "MY_DB_PORT_5432_TCP_PORT=5432",
    "MY_DB_PORT_5432_TCP_PROTO=tcp",
    "MY_DB_PORT_5433_TCP=tcp://172.17.0.2:5433",
    "MY_DB_PORT_5433_TCP_ADDR=172.17.0.2",
    "MY_DB_PORT_5433_TCP_PORT=5433",
    "MY_DB_PORT_5433_TCP_PROTO=tcp",
    "MY_DB_PORT_53_UDP=udp://172.17.0.2:53",
    "MY_DB_PORT_53_UDP_ADDR=172.17.0.2",
    "MY_DB_PORT_53_UDP_PORT=53",
    "MY_DB_PORT_53_UDP_PROTO=udp",
    "MY_DB_NAME=/app/my-db",
    "MY_DB_ENV_SECRET=a=b",
  ]);
});

test("exposed ports of image and caller, ranges too", () => {
  const ports = resolveExposedPorts(
    { image: "i", ports: [{ containerPort: 80, protocol: "tcp" }], exposedPorts: [{ containerPort: 9, protocol: "udp" }] },
    { ExposedPorts: { "80/tcp": {}, "8000-8001": {}, "x/tcp": {}, "70000": {} } },
  );
  expect(ports.map(({ containerPort, protocol }) => `${containerPort}/${protocol}`)).toEqual(["9/udp", "80/tcp", "8000/tcp", "8001/tcp"]);
});

test("signals by name and number", () => {
  expect(["TERM", "SIGTERM", "sigterm", "15", 15].map(parseSignal)).toEqual([15, 15, 15, 15, 15]);
  expect([parseSignal("RTMIN+3"), parseSignal("SIGRTMAX-1"), parseSignal("RTMIN")]).toEqual([37, 63, 34]);
  for (const bad of ["NOPE", "0", "65", "-1", "", "RTMIN+40"])
    expect(() => parseSignal(bad), bad).toThrow(expect.objectContaining({ code: "container.unknown-signal" }));
});

test("exit codes over 128 are signals where there is such a signal", () => {
  expect([exitStatusOf(0), exitStatusOf(137), exitStatusOf(255), exitStatusOf(137, true), exitStatusOf(1, true)]).toEqual([
    { kind: "exited", code: 0 },
    { kind: "signaled", signal: 9, code: 137 },
    { kind: "exited", code: 255 },
    { kind: "out-of-memory", code: 137 },
    { kind: "out-of-memory", code: 1 },
  ]);
});

test("instructions of a commit", () => {
  const config = applyChanges({ Env: ["A=1"], Cmd: ["x"], WorkingDir: "/a" }, [
    'ENV A=2 B=\'x y\' C="q\\"" D=a\\ b',
    "env OLD the rest",
    "CMD echo hi",
    "EXPOSE 80 53/udp",
    "workdir b",
    'VOLUME ["/v w"]',
    "ONBUILD RUN x",
  ]);
  expect(config).toEqual({
    Env: ["A=2", "B=x y", 'C=q"', "D=a b", "OLD=the rest"],
    Cmd: ["/bin/sh", "-c", "echo hi"],
    WorkingDir: "/a/b",
    ExposedPorts: { "80/tcp": {}, "53/udp": {} },
    Volumes: { "/v w": {} },
    OnBuild: ["RUN x"],
  });
  for (const bad of ["RUN x", "COPY a b", "", "ENV A=1 B"])
    expect(() => applyChanges({}, [bad]), bad).toThrow(expect.objectContaining({ code: "container.bad-change" }));
});
