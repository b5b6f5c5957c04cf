import type { StepName } from "../make-runner/index.ts";

/** What a person reads for each step. The subject, where a step has one, follows. */
export const STEP_TEXTS: Readonly<Record<StepName, string>> = {
  preflight: "check the tree",
  "lock.index": "read package indexes",
  "lock.solve": "choose packages",
  "lock.record": "record what the build fetches",
  "lock.serve": "check the locked packages",
  "image.fetch": "fetch image",
  "image.fetch-files": "fetch files of the image",
  "pool.fetch": "fetch packages",
  "capsule.create": "write capsule",
  "capsule.verify": "verify capsule",
  "capsule.build": "build from capsule",
  "image.check": "check image",
  "image.unpack": "unpack packages of",
  "image.install": "install packages of",
  "image.hook": "run hook",
  "image.build": "build image",
  "image.normalise": "normalise image",
  "image.load": "load image",
  "image.save": "take image",
  "image.encode": "compress layer",
  "image.delta": "compute delta",
  "image.publish": "publish",
  "image.verdicts": "bring verdicts to",
  "image.attest": "attest",
  "image.bundle": "bundle",
  "delta.make": "compare ISOs",
  "delta.apply": "make ISO",
  "proxy.start": "start package proxy",
  "proxy.shrink": "shrink package proxy's cache",
  "container.create": "create container",
  "make.target": "make",
  "artifact.export": "export artifacts",
  "clean-up": "clean up",
};

export function stepText(name: StepName, subject?: string): string {
  // No target has a space: this is what a target says it is at, a stage of live-build for one.
  if (name === "make.target" && subject?.includes(" ")) return subject;
  const text = STEP_TEXTS[name] ?? name;
  return subject === undefined ? text : `${text} ${subject}`;
}
