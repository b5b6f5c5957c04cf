import { once } from "node:events";
import { mkdir, readlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { onTestFinished } from "vitest";
import { pathExists } from "../../../src/system/index.ts";
import { type GnupgHome, openGnupgHome } from "./gnupg-home.ts";
import type { TestKey } from "./test-keys.ts";

const PORT = 35_963;
const CARD = new URL("../../fixtures/programs/software-card.ts", import.meta.url).pathname;

/** A GnuPG home whose agent finds a key on a card, in a reader that nothing else on the host sees. */
export interface CardHome extends GnupgHome {
  /** What the card says it did. */
  readonly said: () => readonly string[];
  /** What the pinentry answers from now on. */
  answerPin(pin: string): Promise<void>;
}

export async function cardHome(key: TestKey, pin: string): Promise<CardHome> {
  const home = await openGnupgHome();
  const place = join(home.directory, "reader");
  await mkdir(place);
  const [secret, driver, pinFile, pinentry] = ["secret.asc", "reader.conf", "pin", "pinentry"].map((name) => join(place, name)) as [
    string,
    string,
    string,
    string,
  ];
  await writeFile(secret, key.privateKey.armor(), { mode: 0o600 });
  await mkdir(driver);
  const library = "/usr/lib/pcsc/drivers/serial/libifdvpcd.so";
  await writeFile(join(driver, "vpcd"), `FRIENDLYNAME "Virtual PCD"\nDEVICENAME /dev/null:${PORT}\nLIBPATH ${library}\nCHANNELID ${PORT}\n`);
  const script = 'ip link set lo up && mount -t tmpfs tmpfs /run && mkdir /run/pcscd && exec pcscd --foreground --config "$0"';
  const reader = execa("unshare", ["--mount", "--net", "sh", "-c", script, driver], { reject: false });
  const socket = `/proc/${reader.pid}/root/run/pcscd/pcscd.comm`;
  const ended: (() => PromiseLike<unknown>)[] = [() => home[Symbol.asyncDispose]()];
  const end = (child: { kill(signal: "SIGKILL"): boolean } & PromiseLike<unknown>) => async () => {
    child.kill("SIGKILL");
    await child;
  };
  ended.push(end(reader));
  onTestFinished(async () => {
    for (const each of ended) await each();
  });
  const namespaceOf = (pid: number | string | undefined) => readlink(`/proc/${pid}/ns/net`);
  while ((await namespaceOf(reader.pid)) === (await namespaceOf("self")) || !(await pathExists(socket))) await sleep(20);
  const program = [process.execPath, "--disable-warning=ExperimentalWarning", CARD, String(PORT), secret, pin];
  const card = execa("nsenter", [`--net=/proc/${reader.pid}/ns/net`, "--", ...program], { reject: false });
  ended.push(end(card));
  const said: string[] = [];
  card.stdout.on("data", (chunk: Buffer) => said.push(...chunk.toString().trim().split("\n")));
  await once(card.stdout, "data");
  await sleep(500); // the reader looks for a card now and then

  const answers = `read -r pin <"${pinFile}"; echo "D $pin"; echo OK`;
  const loop = `echo OK; while read -r line; do case "$line" in GETPIN*) ${answers};; BYE*) echo OK; exit;; *) echo OK;; esac; done`;
  await writeFile(pinentry, `#!/bin/sh\n${loop}\n`, { mode: 0o755 });
  await writeFile(join(home.directory, "gpg-agent.conf"), `pinentry-program ${pinentry}\n`);
  await writeFile(join(home.directory, "scdaemon.conf"), "disable-ccid\n");
  const answerPin = (answer: string) => writeFile(pinFile, `${answer}\n`);
  await answerPin(pin);
  const environment = { ...home.environment, PCSCLITE_CSOCK_NAME: socket };
  await execa("gpgconf", ["--launch", "gpg-agent"], { env: environment });
  const certificate = join(place, "public.asc");
  await writeFile(certificate, key.armored);
  await home.gpg("--import", certificate);
  await home.run("gpg", ["--batch", "--card-status"]);
  return { ...home, said: () => said, answerPin };
}
