import { readFileSync } from "node:fs";

let known: string | undefined;

/** Names this boot of the kernel: process numbers and times of another mean nothing. */
export async function bootId(): Promise<string> {
  return (known ??= readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim());
}
