import type Docker from "dockerode";

/**
 * The only view the domain has of containers: the part of a dockerode client it uses. Whether the embedded engine or a
 * Docker daemon answers is not visible here.
 */
export type ContainerHost = Pick<
  Docker,
  | "createContainer"
  | "getContainer"
  | "listContainers"
  | "getImage"
  | "listImages"
  | "loadImage"
  | "importImage"
  | "buildImage"
  | "createVolume"
  | "getVolume"
  | "createNetwork"
  | "getNetwork"
  | "df"
  | "info"
  | "version"
  | "modem"
>;
