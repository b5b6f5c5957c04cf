export { takeActivationFd } from "./activation.ts";
export { answerError, createDirectly, loadDirectly } from "./direct.ts";
export { type ServedEngine, type ServeOptions, serveEngine } from "./serve.ts";
