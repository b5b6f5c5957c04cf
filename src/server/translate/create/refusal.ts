import { RbuildError } from "../../../system/index.ts";

/** The text of an option cannot be understood. */
export function invalidOption(option: string, value: string, why: string): RbuildError {
  return new RbuildError("server.option-invalid", `invalid ${option} ${JSON.stringify(value.slice(0, 300))}: ${why}`, { category: "invalid" });
}

/** The option means something, and leaving it out would give another container than the one asked for. */
export function unsupportedOption(option: string, value: string): RbuildError {
  return new RbuildError("server.option-unsupported", `${option}=${value.slice(0, 200)} is not supported by this engine`, {
    category: "invalid",
    details: { option },
  });
}
