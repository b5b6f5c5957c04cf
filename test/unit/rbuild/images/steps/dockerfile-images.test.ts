import { expect, test } from "vitest";
import { foreignImage } from "../../../../../src/rbuild/images/steps/dockerfile-images.ts";

test.each([
  ["ARG RBUILD_BASE\nFROM ${RBUILD_BASE}\nRUN true\n"],
  ["ARG RBUILD_BASE\nFROM $RBUILD_BASE AS Made\nFROM scratch\nCOPY --from=made /a /a\nCOPY --chown=1 --from=0 /b /b\n"],
  ["# FROM other\nARG RBUILD_BASE\nFROM ${RBUILD_BASE}\nRUN echo select \\\n  FROM table\n"],
])("%j names no image but its own", (text) => expect(foreignImage(text)).toBeUndefined());

test.each([
  ["FROM debian:bookworm\n", { line: 1, image: "debian:bookworm" }],
  ["ARG RBUILD_BASE\nFROM ${RBUILD_BASE} AS a\nfrom --platform=linux/amd64 busybox\n", { line: 3, image: "busybox" }],
  ["ARG RBUILD_BASE\r\nFROM ${RBUILD_BASE}\r\nCOPY --from=alpine:3 /a /a\r\n", { line: 3, image: "alpine:3" }],
  ["ARG RBUILD_BASE\nFROM ${RBUILD_BASE}\nCOPY --from=1 /a /a\n", { line: 3, image: "1" }],
])("%j names another", (text, found) => expect(foreignImage(text)).toEqual(found));
