export { takeActivationFd } from "./activation.ts";
export { answerError, createDirectly } from "./direct.ts";
export { type ServedEngine, type ServeOptions, serveEngine } from "./serve.ts";
