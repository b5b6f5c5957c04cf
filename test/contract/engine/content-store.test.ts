import { describe } from "vitest";
import { openDirContentStore } from "../../../src/engine/content/dir-content-store.ts";
import { scratchDirectory } from "../../support/scratch.ts";
import { describeContentStore } from "./content-store-contract.ts";

describe("DirContentStore", () => {
  describeContentStore(async () => openDirContentStore({ root: await scratchDirectory(), sync: false }));
});
