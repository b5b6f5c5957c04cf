import {
  asImageId,
  type ChainId,
  type ContainerDefaults,
  canonicalJson,
  chainIds,
  type Descriptor,
  type DiffId,
  digestOf,
  hostPlatform,
  type ImageConfig,
  type ImageHistory,
  type ImageId,
} from "../../../oci/index.ts";
import type { Image } from "../../images/image.ts";
import { type StepKey, stepKey } from "../cache/build-cache.ts";

/** The image as it is after a step: an immutable value. */
export interface StageState {
  readonly config: ImageConfig;
  readonly layers: readonly Descriptor[];
  /** Names everything that led here. */
  readonly key: StepKey;
  /** Arguments that were declared, with their values; in scope from their ARG on. */
  readonly args: ReadonlyMap<string, string>;
  /** CMD was given in this Dockerfile: ENTRYPOINT no longer empties it. */
  readonly hasOwnCommand: boolean;
  /** Layers below this number are the base's. */
  readonly baseLayers: number;
}

export function emptyState(): StageState {
  const { os, architecture, variant } = hostPlatform();
  const config: ImageConfig = {
    os,
    architecture,
    ...(variant === undefined ? {} : { variant }),
    config: {},
    rootfs: { type: "layers", diff_ids: [] },
    history: [],
  };
  return { config, layers: [], key: stepKey(undefined, "scratch"), args: new Map(), hasOwnCommand: false, baseLayers: 0 };
}

export function stateOfImage(image: Image): StageState {
  return {
    ...emptyState(),
    config: { ...image.config, config: image.config.config ?? {}, history: image.config.history ?? [] },
    layers: image.manifest.layers,
    key: stepKey(undefined, image.id),
    baseLayers: image.manifest.layers.length,
  };
}

/** A stage that starts from another one. */
export const stateOfStage = (state: StageState): StageState => ({ ...state, hasOwnCommand: false, baseLayers: state.layers.length });

export const defaultsOf = (state: StageState): ContainerDefaults => state.config.config ?? {};

export const chainOf = (state: StageState): ChainId | undefined => chainIds(state.config.rootfs.diff_ids).at(-1);

/** The id the image would have. */
export function imageIdOf(state: StageState): ImageId {
  return asImageId(digestOf(canonicalJson(state.config)));
}

/** The state with one more line of history and, when the step changed files, one more layer. */
export function withStep(state: StageState, key: StepKey, history: ImageHistory, layer: Descriptor | undefined): StageState {
  const { rootfs } = state.config;
  return {
    ...state,
    key,
    layers: layer === undefined ? state.layers : [...state.layers, layer],
    config: {
      ...state.config,
      ...(history.created === undefined ? {} : { created: history.created }),
      rootfs: layer === undefined ? rootfs : { type: "layers", diff_ids: [...rootfs.diff_ids, layer.digest as DiffId] },
      history: [...(state.config.history ?? []), layer === undefined ? { ...history, empty_layer: true } : history],
    },
  };
}
