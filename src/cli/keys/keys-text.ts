import type { Drill, Level, Radar } from "../../rbuild/trust/index.ts";
import { counted } from "../../system/counted.ts";

/** What `rbuild keys` says to people. */

const SAYS: Readonly<Record<Level, string>> = {
  good: "good",
  notice: "ends soon",
  warning: "ends soon!",
  urgent: "ENDS NOW",
  expired: "EXPIRED",
  bad: "CANNOT SIGN",
};

export function radarLines({ root, entries, roles, isBroken }: Radar): string[] {
  if (root === null) return ["no signed root: nobody's signature counts, and nothing can be fetched: rbuild keys rotate --repository NAME proposes one"];
  const rows = entries.map(({ subject, roles: held, ends, daysLeft, level, problem, isChanged }) => {
    const name = subject.kind === "root" ? `root ${subject.version}` : `${subject.fingerprint}  ${subject.userId}`;
    const when = ends === undefined ? (problem?.why ?? "never ends") : `until ${ends.slice(0, 10)} (${counted(Math.max(daysLeft ?? 0, 0), "day")})`;
    const more = [...(held.length === 0 ? [] : [held.join(", ")]), ...(isChanged ? ["keys/ has a newer form: rbuild keys rotate"] : [])];
    return [`${SAYS[level].padEnd(11)}  ${name}`, `${" ".repeat(13)}${[when, ...more].join("; ")}`];
  });
  const reach = roles
    .filter(({ able, threshold }) => able.length > 0 || threshold > 1)
    .map(({ role, threshold, able, isReachable }) => `${role.padEnd(9)}  ${able.length} can sign, ${threshold} needed${isReachable ? "" : ": NOT REACHED"}`);
  return [...rows.flat(), "", ...reach, ...(isBroken ? ["", "nothing new can be signed that anybody accepts: rbuild keys rotate"] : [])];
}

export function drillLines({ leaked, roles, clients, canRecover }: Drill): string[] {
  const held = roles.map(({ role, leaked: count, threshold, isReached }) => `${role}: ${count} of the ${threshold} needed${isReached ? ", ENOUGH" : ""}`);
  const rows = clients.map((client) => {
    const who = client.root === "next" ? "with the next root, that leaves them out" : `with root ${client.root}${client.isExpired ? " (expired)" : ""}`;
    const can = [
      ...(client.canReplaceKeys ? ["be given other keys"] : []),
      ...(client.canPublish ? ["be given false images as the newest"] : []),
      ...(client.canFreeze ? ["be kept at an old state"] : []),
      ...(client.canVouch ? ["be told that others rebuilt the same"] : []),
    ];
    return `  ${who}: ${client.isSafe ? "safe" : `AT RISK: can ${can.join(", ")}`}`;
  });
  return [
    `if ${leaked.join(" and ")} leaked, together with a mirror of the attacker's:`,
    ...(held.length === 0 ? ["  no role of the newest root is touched"] : held.map((line) => `  ${line}`)),
    "clients",
    ...rows,
    "  whatever their root, with images pinned by digest: safe; no signature is asked about those",
    canRecover
      ? `the keys that are left can sign a root without: ${leaked.map((key) => `rbuild keys revoke ${key}`).join("; ")}`
      : "THE KEYS THAT ARE LEFT CANNOT SIGN A NEW ROOT: a new checkout has to reach everybody",
  ];
}
