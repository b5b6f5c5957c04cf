const FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1";
const hostname = (name: string) => ["unshare", "--uts", "sh", "-c", `hostname ${name}; exec "$@"`, "sh"];
const withUmask = (mask: string) => ["sh", "-c", `umask ${mask}; exec "$@"`, "sh"];

/** How a host differs from others, as words before a command and variables for it. */
export interface HostVariation {
  readonly wrapper: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/** Another host name, one CPU, an umask that hides everything, another time zone, locale and user. */
export const NIGHT_HOST: HostVariation = {
  wrapper: [...hostname("elsewhere.example"), "taskset", "--cpu-list", "0", ...withUmask("077")],
  environment: { TZ: "Pacific/Kiritimati", LC_ALL: "tr_TR.UTF-8", LANGUAGE: "tr", HOME: "/nonexistent", USER: "somebody", LOGNAME: "somebody" },
};

/** A host that lives more than a year later, with other addresses in memory and a SOURCE_DATE_EPOCH of its own. */
export const NEXT_YEAR_HOST: HostVariation = {
  wrapper: [...hostname("a"), "setarch", "--addr-no-randomize", ...withUmask("002")],
  environment: { TZ: "America/St_Johns", LC_ALL: "C", SOURCE_DATE_EPOCH: "1", LD_PRELOAD: FAKETIME, FAKETIME: "+400d", FAKETIME_DONT_FAKE_MONOTONIC: "1" },
};

/** All of that at once, as far as a build of a tree knows it: its SOURCE_DATE_EPOCH is the commit's. */
export const ELSEWHERE: HostVariation = {
  wrapper: NIGHT_HOST.wrapper,
  environment: { ...NEXT_YEAR_HOST.environment, ...NIGHT_HOST.environment },
};
