import { once } from "node:events";
import { ATTACKS, type Attack, isAttack } from "../../rbuild/repository/serve/attack/attacks.ts";
import { isSignedAttack, labCheckout } from "../../rbuild/repository/serve/attack/signed/signed-attacks.ts";
import type { LogFormat } from "../../rbuild/repository/serve/http/access-log.ts";
import { type ListenPlace, type RepositoryServer, serveRepository } from "../../rbuild/repository/serve/serve-repository.ts";
import { takeActivationFd } from "../../server/index.ts";
import { notifyServiceManager, RbuildError } from "../../system/index.ts";
import type { CommandResult, Session } from "../session.ts";
import { textTable } from "../text-table.ts";
import { isLoopback, type ListenAddress } from "./listen-address.ts";

export interface ServeChoices {
  readonly listen: ListenAddress;
  readonly keys?: string;
  readonly accessLog?: string;
  readonly logFormat: LogFormat;
  readonly maxConnections: number;
  readonly maxPerAddress: number;
  readonly rate: number;
  readonly attack?: string;
  readonly attackLab?: string;
  readonly attackBeyondLoopback?: true;
}

/** Serves until SIGINT or SIGTERM, and lets what runs then end. @throws RbuildError `serve.unknown-attack`, `serve.attack-not-on-loopback` */
export async function serveUntilStopped(directory: string, choices: ServeChoices, { signal, mode }: Session): Promise<CommandResult> {
  if (choices.attack === "list") return { data: ATTACKS, lines: textTable(Object.entries(ATTACKS)) };
  const say = (line: string) => void (mode === "quiet" || process.stderr.write(`rbuild: ${line}\n`));
  const attack = choices.attack === undefined ? undefined : checkAttack(choices.attack);
  const listen = listenPlace(choices, attack);
  const server = await serveRepository({
    directory,
    listen,
    limits: { connections: choices.maxConnections, connectionsPerAddress: choices.maxPerAddress, requestsPerSecond: choices.rate },
    logFormat: choices.logFormat,
    ...(choices.keys === undefined ? {} : { keys: choices.keys }),
    ...(choices.accessLog === undefined ? {} : { logFile: choices.accessLog }),
    ...(attack === undefined ? {} : { attack }),
    ...(choices.attackLab === undefined ? {} : { attackLab: choices.attackLab }),
    onProblem: say,
  });
  {
    await using _server = server;
    say(`${directory} is served at ${server.url}${attack === undefined ? "" : `, by a hostile mirror: ${ATTACKS[attack]}`}`);
    if (attack !== undefined && isSignedAttack(attack) && choices.attackLab !== undefined)
      say(`a client that believes these keys: rbuild image fetch NAME --channel CHANNEL --from ${server.url} --keys ${labCheckout(choices.attackLab)}`);
    await untilStopped(server, signal);
    notifyServiceManager("STOPPING=1");
  }
  return { data: { stopped: true } };
}

function checkAttack(name: string): Attack {
  if (isAttack(name)) return name;
  throw new RbuildError("serve.unknown-attack", `there is no attack ${JSON.stringify(name)}`, { category: "invalid", hint: "rbuild serve --attack list" });
}

function listenPlace({ listen, attackBeyondLoopback }: ServeChoices, attack: Attack | undefined): ListenPlace {
  const fd = takeActivationFd();
  if (attack !== undefined && !attackBeyondLoopback && (fd !== undefined || !isLoopback(listen))) {
    throw new RbuildError("serve.attack-not-on-loopback", "a hostile mirror listens on this machine's own addresses alone", {
      category: "refused",
      hint: "--listen 127.0.0.1:8080, or --attack-beyond-loopback where everyone knows of it",
    });
  }
  return fd === undefined ? { kind: "address", ...listen } : { kind: "descriptor", fd };
}

async function untilStopped(server: RepositoryServer, signal: AbortSignal): Promise<void> {
  const reload = () => {
    // systemd waits for the second one: sd_notify(3), Type=notify-reload
    notifyServiceManager(`RELOADING=1\nMONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`);
    server.reload();
    notifyServiceManager("READY=1");
  };
  process.on("SIGHUP", reload);
  notifyServiceManager("READY=1");
  if (!signal.aborted) await once(signal, "abort");
  process.off("SIGHUP", reload);
}
