import { Option } from "@commander-js/extra-typings";
import { DEFAULT_LIMITS } from "../../rbuild/repository/serve/limits.ts";
import { examples, newCommand } from "../new-command.ts";
import { parseListenAddress } from "../repository-server/listen-address.ts";
import { parseCount, parsePath } from "../values.ts";

const DEFAULT_ADDRESS = "127.0.0.1:8080";

export function serveCommand() {
  return newCommand("serve", "give a repository of images to others: HTTP server, registry to pull from, page for people")
    .argument("[directory]", "of the repository", parsePath, ".")
    .addOption(
      new Option("--listen <address>", "ADDRESS:PORT, [IPV6]:PORT or PORT; port 0: any that is free")
        .argParser(parseListenAddress)
        .default(parseListenAddress(DEFAULT_ADDRESS), DEFAULT_ADDRESS),
    )
    .option("--keys <directory>", "a checkout's keys/: the page then says what they say of the signatures", parsePath)
    .option("--access-log <file>", "instead of stderr; opened anew at SIGHUP", parsePath)
    .addOption(new Option("--log-format <format>", "of the access log").choices(["combined", "json", "none"] as const).default("combined" as const))
    .addOption(new Option("--max-connections <number>", "connections at once").argParser(parseCount).default(DEFAULT_LIMITS.connections))
    .addOption(
      new Option("--max-per-address <number>", "connections at once from one address; 0: any")
        .argParser(parseCount)
        .default(DEFAULT_LIMITS.connectionsPerAddress),
    )
    .addOption(new Option("--rate <number>", "requests a second from one address; 0: any").argParser(parseCount).default(DEFAULT_LIMITS.requestsPerSecond))
    .option("--attack <attack>", "be a hostile mirror, to test a client with; list: what there is")
    .option("--attack-lab <directory>", "throw-away keys for attacks that need keys; made there", parsePath)
    .option("--attack-beyond-loopback", "let others than this machine meet the hostile mirror")
    .addHelpText(
      "after",
      examples([
        ["rbuild serve /srv/images", "on http://127.0.0.1:8080/"],
        ["rbuild serve /srv/images --listen 0.0.0.0:80 --keys keys", "for everyone"],
        ["rbuild serve --attack list", "what a hostile mirror can do"],
        ["rbuild serve /srv/images --attack rollback", "one of them"],
        ["rbuild serve /srv/images --attack expired-key --attack-lab lab", "one that needs keys; the client's are lab/keys"],
      ]),
    )
    .addHelpText(
      "after",
      "\nSIGHUP reads keys and repository again; SIGTERM stops when the answers that run have ended. Understands systemd's socket activation and readiness.",
    )
    .action(async (directory, options, command) => {
      const { runSession } = await import("../session.ts");
      await runSession(command, async (session) => (await import("../repository-server/serve-action.ts")).serveUntilStopped(directory, options, session), {
        reloads: true,
      });
    });
}
