import { readFile } from "node:fs/promises";

let known: string | undefined;

/** Names this boot of the kernel: process numbers and times of another mean nothing. */
export async function bootId(): Promise<string> {
  return (known ??= (await readFile("/proc/sys/kernel/random/boot_id", "latin1")).trim());
}
