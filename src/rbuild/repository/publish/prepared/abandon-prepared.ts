import { resolve } from "node:path";
import { openStaging } from "../staging.ts";
import { dropPrepared } from "./prepared-files.ts";

/** Takes what waits for signatures away, whatever it is. False when nothing waited. @throws RbuildError `repository.busy` */
export async function abandonPrepared(directory: string): Promise<boolean> {
  await using staging = await openStaging(resolve(directory));
  return await dropPrepared(staging);
}
