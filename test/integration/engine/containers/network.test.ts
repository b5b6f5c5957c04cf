import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import type { ContainerSpec, Engine } from "../../../../src/engine/index.ts";
import { openTestEngine, runShell, startIdle } from "../../../support/engine/test-engine.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await openTestEngine();
});
afterAll(() => engine?.[Symbol.asyncDispose]());

const ask = (host: string) => `for i in $(seq 100); do nc -w 5 ${host} 80 < /dev/null 2> /dev/null && break; sleep 0.1; done`;

async function idle(spec: Partial<ContainerSpec>): Promise<string> {
  const id = await startIdle(engine, spec);
  onTestFinished(() => engine.containers.remove(id, { force: true }));
  return id;
}

/** Answers every connection to port 80 with a word, when it has come to listen. */
const SERVER = ["sh", "-c", "echo ready; while :; do echo hello | nc -l -p 80; done"];

test("links: environment and names as Docker gives them, and packets", async () => {
  const server = await idle({ name: "server", command: SERVER, env: ["COLOUR=blue"], exposedPorts: [{ containerPort: 80, protocol: "tcp" }] });
  const { address } = (await engine.containers.get(server)).endpoints[0] ?? {};
  const { stdout } = await runShell(engine, `env | grep ^WEB | sort; grep web /etc/hosts; ${ask("web")}`, {
    name: "consumer",
    networks: [{ network: "bridge", links: [{ container: "server", alias: "web" }] }],
  });
  expect(stdout).toBe(
    [
      "WEB_ENV_COLOUR=blue",
      "WEB_NAME=/consumer/web",
      `WEB_PORT=tcp://${address}:80`,
      `WEB_PORT_80_TCP=tcp://${address}:80`,
      `WEB_PORT_80_TCP_ADDR=${address}`,
      "WEB_PORT_80_TCP_PORT=80",
      "WEB_PORT_80_TCP_PROTO=tcp",
      `${address}\tweb server ${server.slice(0, 12)}`,
      "hello",
      "",
    ].join("\n"),
  );
  const unlinked = runShell(engine, "true", { networks: [{ network: "bridge", links: [{ container: "absent", alias: "x" }] }] });
  await expect(unlinked).rejects.toMatchObject({ code: "container.link-not-running" });
});

test("containers of one network know each other's names, and forget who has gone", async () => {
  await engine.networks.create({ name: "team" });
  const one = await idle({ name: "one", networks: [{ network: "team" }], command: SERVER });
  expect((await runShell(engine, ask("one"), { networks: [{ network: "team" }] })).stdout).toBe("hello\n");
  await engine.containers.rename(one, "uno");
  expect((await runShell(engine, "grep -c uno /etc/hosts", { networks: [{ network: "team" }] })).stdout).toBe("1\n");
  await engine.containers.stop(one, { timeout: 0 });
  expect((await runShell(engine, "grep -c uno /etc/hosts", { networks: [{ network: "team" }] })).stdout).toBe("0\n");
});

test("none has the loopback alone, host the host's interfaces, container: another's", async () => {
  expect((await runShell(engine, "ls /sys/class/net", { networks: [{ network: "none" }] })).stdout).toBe("lo\n");
  const { stdout } = await runShell(engine, "ls /sys/class/net | wc -l; cat /etc/hosts | wc -l", { networks: [{ network: "host" }] });
  expect(Number(stdout.split("\n")[0])).toBeGreaterThan(1);
  const owner = await idle({ hostname: "owner", command: SERVER });
  const shared = await runShell(engine, `hostname; ${ask("127.0.0.1")}; cat /etc/hostname; echo $HOSTNAME`, {
    networks: [{ network: `container:${owner.slice(0, 12)}` }],
  });
  expect(shared.stdout).toBe("owner\nhello\nowner\nowner\n");
});

test("publishes a port of the host's choice, which is told", async () => {
  const id = await idle({ command: SERVER, ports: [{ containerPort: 80, protocol: "tcp", hostIp: "127.0.0.1" }] });
  const [port] = (await engine.containers.get(id)).publishedPorts ?? [];
  expect(port?.hostPort).toBeGreaterThan(0);
  let text = "";
  for (let attempt = 0; attempt < 200 && text === ""; attempt++) {
    await sleep(50);
    text = await new Promise<string>((resolve) => {
      let received = "";
      const socket = connect(port?.hostPort ?? 0, "127.0.0.1");
      socket.on("data", (data) => (received += data.toString()));
      socket.on("close", () => resolve(received));
      socket.on("error", () => resolve(""));
    });
  }
  expect(text).toBe("hello\n");
  await engine.containers.stop(id, { timeout: 0 });
  expect((await engine.containers.get(id)).publishedPorts).toEqual([]);
});

test("takes name servers, search domains and hosts from the caller", async () => {
  const { stdout } = await runShell(engine, "cat /etc/resolv.conf; grep extra /etc/hosts", {
    dns: ["192.0.2.1"],
    dnsSearch: ["example.org"],
    dnsOptions: ["ndots:2"],
    extraHosts: ["extra:192.0.2.9"],
  });
  expect(stdout).toBe("nameserver 192.0.2.1\nsearch example.org\noptions ndots:2\n192.0.2.9\textra\n");
});

test("sets kernel settings of its own network only", async () => {
  expect((await runShell(engine, "cat /proc/sys/net/ipv4/ip_forward", { sysctls: { "net.ipv4.ip_forward": "0" } })).stdout).toBe("0\n");
  await expect(runShell(engine, "true", { sysctls: { "kernel.panic": "1" } })).rejects.toMatchObject({ code: "container.sysctl-not-namespaced" });
  await expect(runShell(engine, "true", { sysctls: { "net.ipv4.ip_forward": "0" }, networks: [{ network: "host" }] })).rejects.toMatchObject({
    code: "container.sysctl-not-namespaced",
  });
});
