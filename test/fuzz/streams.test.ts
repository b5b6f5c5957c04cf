import { expect } from "vitest";
import { LogParser } from "../../src/engine/containers/logs/k8s-record.ts";
import { parseGroup, parsePasswd } from "../../src/engine/containers/rootfs/resolve-user.ts";
import { parseMakeDatabase } from "../../src/make-runner/database.ts";
import { parseFailureLine, parseNoRuleLine } from "../../src/make-runner/failure-line.ts";
import { MARK_END, makeHook } from "../../src/make-runner/hook.ts";
import { LineCutter, MAX_LINE_BYTES } from "../../src/make-runner/lines.ts";
import { liveBuildStage } from "../../src/make-runner/live-build-stages.ts";
import { MarkFilter } from "../../src/make-runner/mark-filter.ts";
import { readFrames } from "../../src/rbuild/container-host/frames.ts";
import { readEngineMessages } from "../../src/rbuild/images/assemble/engine-messages.ts";
import { parseProxyLog } from "../../src/rbuild/iso/proxy/proxy-log.ts";
import { fuzz } from "../support/fuzz/fuzz.ts";

/** In pieces that are cut where nothing ends. */
function* pieces(bytes: Buffer): Generator<Buffer> {
  for (let at = 0, size = 1; at < bytes.byteLength; at += size, size = (size * 7) % 31) yield bytes.subarray(at, at + Math.max(1, size));
}
async function* piecesLater(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0, size = 1; at < bytes.byteLength; at += size, size = 1 + ((size * 7) % 31)) yield bytes.subarray(at, at + size);
}

const { markPrefix } = makeHook("/hook.mk", "00ff");
fuzz("what make prints, with marks: every byte is handed on or a mark", {
  seeds: [`building\n${markPrefix}iso${MARK_END}\nmore\n${markPrefix}a/b${MARK_END}\n`],
  tokens: [markPrefix, MARK_END],
  parse: (bytes) => {
    const filter = new MarkFilter(markPrefix);
    const made = [...[...pieces(bytes)].flatMap((piece) => filter.push(piece)), ...filter.end()];
    const length = made.reduce((sum, each) => sum + (each.kind === "output" ? each.data.byteLength : 0), 0);
    expect(length).toBeLessThanOrEqual(bytes.byteLength);
  },
});
fuzz("lines", {
  seeds: ["one\r\ntwo\n\nthree"],
  parse: (bytes) => {
    const cutter = new LineCutter();
    const lines = [...[...pieces(bytes)].flatMap((piece) => cutter.push(piece)), ...cutter.end()];
    expect(lines.every((line) => Buffer.byteLength(line) <= 3 * MAX_LINE_BYTES)).toBe(true);
  },
});
fuzz("lines that make and live-build print", {
  seeds: [
    "make: *** [Makefile:12: iso] Error 2",
    "make[1]: *** No rule to make target 'x', needed by 'y'.  Stop.",
    "[2026-11-21 12:00:00] lb chroot_install-packages",
    "P: Begin unmounting filesystems...",
  ],
  parse: (bytes) => [parseFailureLine(bytes.toString()), parseNoRuleLine(bytes.toString()), liveBuildStage(bytes.toString())],
});
fuzz("the database of make", {
  seeds: [
    "# Variables\nA := b\n# Files\n\n# Not a target:\n.SUFFIXES:\n\niso: a b\n#  Implicit rule search has not been done.\n#  recipe to execute (from 'Makefile', line 3):\n\techo x\n\n.PHONY: iso\n# files hash-table stats:\n",
  ],
  parse: (bytes) => parseMakeDatabase(bytes.toString()),
});
fuzz("logs of containers", {
  seeds: ["2026-11-21T12:00:00.123456789+00:00 stdout F text\n2026-11-21T12:00:01.0+00:00 stderr P part\n2026-11-21T12:00:01.0+00:00 stderr F \n"],
  parse: (bytes) => {
    const parser = new LogParser();
    return [...pieces(bytes)].flatMap((piece) => [...parser.push(piece)]);
  },
});
const frame = (stream: number, text: string) => Buffer.concat([Buffer.from([stream, 0, 0, 0, 0, 0, 0, text.length]), Buffer.from(text)]);
fuzz("output of containers of another engine", {
  seeds: [Buffer.concat([frame(1, "out\n"), frame(2, "err\n"), frame(1, "")])],
  parse: async (bytes) => {
    for await (const { data } of readFrames(piecesLater(bytes))) expect(data.byteLength).toBeGreaterThan(0);
  },
  codes: /^container-host\.broken-stream$/,
});
fuzz("messages of an engine", {
  seeds: ['{"stream":"Step 1/2 : FROM a\\n"}\r\n{"status":"x","progressDetail":{"current":1,"total":2}}\r\n{"aux":{"ID":"sha256:00"}}\r\n'],
  parse: (bytes) => Array.fromAsync(readEngineMessages(piecesLater(bytes))),
  codes: /^[a-z-]+\.[a-z-]+$/,
});
fuzz("the log of the proxy", {
  seeds: ["1795273773|I|470|172.17.0.3|debian/pool/main/g/x_1_amd64.deb\n1795273775|E|667|172.17.0.3|debian/x.deb [HTTP error, code: 404]\n"],
  parse: (bytes) => parseProxyLog(bytes.toString("latin1"), ["debian"]),
});
fuzz("passwd and group of a container", {
  seeds: ["root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n", "root:x:0:\nstaff:x:50:a,b\n"],
  parse: (bytes) => [parsePasswd(bytes.toString()), parseGroup(bytes.toString())],
});
