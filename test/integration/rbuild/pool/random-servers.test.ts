import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { fillPoolWithin } from "../../../../src/rbuild/pool/fill-pool.ts";
import { openPool } from "../../../../src/rbuild/pool/open-pool.ts";
import { isRbuildError } from "../../../../src/system/index.ts";
import { mirror, QUICK } from "../../../support/pool/fill.ts";
import { testItem } from "../../../support/pool/items.ts";
import { give, giveAndBreak, serve } from "../../../support/pool/web-server.ts";
import { scratchDirectory } from "../../../support/scratch.ts";

const item = testItem(90_000);
const other = Buffer.alloc(item.size, "y");

/** What a server may do with one request. */
const behaviour = fc.oneof(
  fc.constantFrom("right" as const, "wrong" as const, "absent" as const, "error" as const, "reset" as const, "ignores-range" as const, "short" as const),
  fc.record({ breakAt: fc.nat(item.size - 1), isWrong: fc.boolean() }),
);
type Behaviour = typeof behaviour extends fc.Arbitrary<infer Value> ? Value : never;

test("whatever servers do, the pool has the right bytes or an error says why not", async () => {
  const state = { script: [] as Behaviour[] };
  const web = await serve((request, response) => {
    const next = state.script.shift() ?? "absent";
    if (next === "right") give(item.content, request, response);
    else if (next === "wrong") give(other, request, response, '"two"');
    else if (next === "absent") response.writeHead(404).end();
    else if (next === "error") response.writeHead(500).end();
    else if (next === "reset") response.destroy();
    else if (next === "ignores-range") response.writeHead(200, { "content-length": item.size }).end(item.content);
    else if (next === "short") response.write(item.content.subarray(0, 100), () => response.end());
    else giveAndBreak(next.isWrong ? other : item.content, next.breakAt, response);
  });
  const directory = await scratchDirectory();
  let count = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(behaviour, { maxLength: 8 }), async (script) => {
      state.script = [...script];
      const pool = await openPool(join(directory, String(count++)));
      const filled = await fillPoolWithin(
        { ...QUICK, pause: 1 },
        [item],
        pool,
        { sources: [mirror(web.url), mirror(`${web.url}/again`)] },
        () => undefined,
      ).then(
        () => true,
        (error: unknown) => {
          if (!isRbuildError(error) || !/^pool\.(?:wrong-bytes|not-obtainable)$/.test(error.code)) throw error;
          return false;
        },
      );
      expect(await pool.has(item)).toBe(filled);
      if (filled) expect((await readFile(pool.pathOf(item.sha256))).equals(item.content)).toBe(true);
      if (filled) expect(await readdir(join(pool.directory, "tmp"))).toEqual([]);
    }),
    { numRuns: 120 },
  );
});
