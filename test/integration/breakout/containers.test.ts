import { expect, test } from "vitest";
import { guardedPlace } from "../../support/breakout/guarded-place.ts";
import { tryAll } from "../../support/breakout/try-all.ts";
import { IMAGE, openTestEngine, startIdle } from "../../support/engine/test-engine.ts";
import { entry, once, tarOf } from "../../support/tar-entries.ts";

test.each(["running", "created"])("archives that docker cp unpacks into a %s container", async (state) => {
  await using engine = await openTestEngine();
  const place = await guardedPlace();
  const id = state === "running" ? await startIdle(engine) : (await engine.containers.create({ image: IMAGE })).id;
  try {
    let directory = 0;
    const outcomes = await tryAll(place, async ({ tar }) => {
      const path = `cp-${directory++}`;
      await engine.containers.extract(id, "/tmp", once(await tarOf([entry(path, "directory"), entry(`${path}/work`, "directory")])));
      await engine.containers.extract(id, `/tmp/${path}/work`, once(tar));
    });
    await expect(outcomes).toMatchFileSnapshot(`expected/container-${state}.txt`);
  } finally {
    await engine.containers.remove(id, { force: true });
  }
});
