/** The first descriptor systemd hands over: sd_listen_fds(3), SD_LISTEN_FDS_START. */
const FIRST_FD = 3;

/**
 * The listening descriptor this process was started with by systemd's socket activation, or undefined.
 * Takes the variables out of the environment, so that no child believes they are for it.
 */
export function takeActivationFd(environment: NodeJS.ProcessEnv = process.env, pid: number = process.pid): number | undefined {
  const mine = environment["LISTEN_PID"] === String(pid);
  const count = Number(environment["LISTEN_FDS"] ?? 0);
  delete environment["LISTEN_PID"];
  delete environment["LISTEN_FDS"];
  delete environment["LISTEN_FDNAMES"];
  return mine && Number.isInteger(count) && count >= 1 ? FIRST_FD : undefined;
}
