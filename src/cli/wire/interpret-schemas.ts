import { config } from "zod";

/** Has schemas that are made from now on be read as they are, not compiled: for those who use each of them a few times. */
export function interpretSchemas(): void {
  config({ jitless: true });
}
