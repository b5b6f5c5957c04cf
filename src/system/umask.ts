let callers: number | undefined;

/** The umask that the process was started with: for files that become the caller's. */
export function callerUmask(): number {
  return callers ?? process.umask();
}

/**
 * Sets the process's umask to 022: what containers see, such as /etc/resolv.conf, must be readable for their users whoever
 * starts them. Calling it again changes nothing.
 */
export function settleUmask(): void {
  callers ??= process.umask(0o022);
}
