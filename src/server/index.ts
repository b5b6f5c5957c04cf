export { takeActivationFd } from "./activation.ts";
export { type ServedEngine, type ServeOptions, serveEngine } from "./serve.ts";
