import { setTimeout as sleep } from "node:timers/promises";
import { type Engine, openEngine } from "../../../src/engine/index.ts";
import { loadBusyboxImage } from "../busybox-image.ts";
import { IMAGE, startIdle } from "./test-engine.ts";

const [scenario = "", root = "", runRoot = ""] = process.argv.slice(2);
const say = (line: string) => process.stdout.write(`${line}\n`);

async function open(lifetime: "session" | "service"): Promise<Engine> {
  const engine = await openEngine({ root, runRoot, lifetime });
  if (!(await engine.images.find(IMAGE))) await loadBusyboxImage(engine.images, IMAGE);
  return engine;
}

const SCENARIOS: Readonly<Record<string, () => Promise<void>>> = {
  /** Containers in every state, with volumes, a user network, a published port, an exec. */
  async session() {
    const engine = await open("session");
    await engine.networks.create({ name: "lab" });
    await engine.containers.create({ image: IMAGE, name: "created", mounts: [{ kind: "volume", target: "/data", readOnly: false }] });
    const running = await startIdle(engine, { ports: [{ containerPort: 80, protocol: "tcp" }], mounts: [{ kind: "tmpfs", target: "/scratch" }] });
    await startIdle(engine, { networks: [{ network: "lab" }], security: { capAdd: ["ALL"] } });
    await engine.containers.pause(await startIdle(engine, { networks: [{ network: "none" }] }));
    const { id } = await engine.containers.createExec(running, { command: ["sleep", "1000"] });
    await engine.containers.startExec(id);
    const exited = await engine.containers.create({ image: IMAGE, command: ["true"] });
    await engine.containers.start(exited.id);
    await engine.containers.wait(exited.id);
    say("ready");
    await sleep(60_000);
  },
  /** Starts and removes containers without end, to be killed at any moment. */
  async churn() {
    const engine = await open("session");
    say("ready");
    for (;;) {
      const { id } = await engine.containers.create({
        image: IMAGE,
        command: ["sh", "-c", "echo x > /x"],
        mounts: [{ kind: "volume", target: "/etc", readOnly: false }],
      });
      await engine.containers.start(id);
      await engine.containers.wait(id);
      await engine.containers.remove(id, { volumes: true });
    }
  },
  /** Containers that outlive their engine. */
  async service() {
    const engine = await open("service");
    say(await startIdle(engine, { name: "stays", openStdin: true, command: ["sh", "-c", "echo ready; while read line; do echo got $line; done; exit 3"] }));
    say(await startIdle(engine, { name: "ends", command: ["sh", "-c", "echo ready; sleep 0.5; exit 4"] }));
    say(await startIdle(engine, { name: "comes-back", restart: { policy: "always" }, command: ["sh", "-c", "echo ready; sleep 0.3; exit 5"] }));
    say("ready");
    await sleep(60_000);
  },
};

await SCENARIOS[scenario]?.();
