import { expect, test } from "vitest";
import { digestOf } from "../../../../src/oci/index.ts";
import { Received } from "../../../../src/rbuild/pool/received.ts";

const [one, two] = [digestOf("one"), digestOf("two")];

test("what is dropped counts for nobody, and who gave most comes first", () => {
  const received = new Received();
  received.add(one, "a", 10);
  received.add(one, "b", 5);
  received.add(two, "b", 7);
  expect(received).toMatchObject({
    bytes: 22,
    discarded: 0,
    sources: [
      { source: "b", bytes: 12 },
      { source: "a", bytes: 10 },
    ],
  });
  received.discard(one);
  received.add(one, "c", 15);
  expect(received).toMatchObject({
    bytes: 22,
    discarded: 15,
    sources: [
      { source: "c", bytes: 15 },
      { source: "b", bytes: 7 },
    ],
  });
});
