import type { BundledName } from "../../rbuild/repository/bundle/choose-bundled.ts";
import type { Promotion } from "../../rbuild/repository/publish/channels.ts";
import { RbuildError } from "../../system/errors.ts";
import { parseSigner, type SignerChoice } from "../keys/key-options.ts";

const NAME = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;

/** All throw RbuildError `cli.invalid-value`. */

export function parseOneSigner(text: string): SignerChoice {
  return parseSigner(text)[0] as SignerChoice;
}

export function parseChannel(text: string): string {
  if (!NAME.test(text) || text.length > 64) throw invalid(text, "a channel: lower-case letters, digits and hyphens");
  return text;
}

/** `NAME:VERSION=CHANNEL` */
export function parsePromotion(text: string, before: readonly Promotion[] = []): readonly Promotion[] {
  const [, name = "", version = "", channel = ""] = /^([^:=]+):([^=]+)=(.+)$/.exec(text) ?? [];
  if (!NAME.test(name) || !NAME.test(channel)) throw invalid(text, "NAME:VERSION=CHANNEL");
  return [...before, { name, version, channel }];
}

/** `NAME` or `NAME:VERSION` */
export function parseBundledName(text: string): BundledName {
  const [, name = "", version] = /^([^:]+)(?::([^:]+))?$/.exec(text) ?? [];
  if (!NAME.test(name)) throw invalid(text, "NAME or NAME:VERSION");
  return version === undefined ? { name } : { name, version };
}

export function parseAtLeastOne(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw invalid(text, "a number, 1 or more");
  return Number(text);
}

function invalid(text: string, wanted: string): RbuildError {
  return new RbuildError("cli.invalid-value", `${JSON.stringify(text.slice(0, 200))} is not ${wanted}`, { category: "invalid" });
}
