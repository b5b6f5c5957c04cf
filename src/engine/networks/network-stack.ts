import type { Endpoint, NetworkAttachment, PortBinding } from "../containers/container.ts";
import type { Networks } from "./network.ts";

/** Another container that this one reaches under further names: Docker's `--link`. */
export interface ContainerLink {
  /** Full id. */
  readonly containerId: string;
  readonly name: string;
  readonly alias: string;
}

/** What a container wants of the network, handed over each time before it starts. */
export interface NetworkRequest {
  readonly container: {
    /** Full id. */
    readonly id: string;
    /** Without leading slash. */
    readonly name: string;
    readonly hostname: string;
    readonly domainname?: string;
  };
  /**
   * Never empty; the first is the mode: `host`, `none`, `container:<full id>`, or a network's name or id (`bridge` is the
   * default one). Only networks may follow a network; `host`, `none` and `container:` stand alone. Their `links` are
   * resolved already, see below.
   */
  readonly attachments: readonly NetworkAttachment[];
  readonly links: readonly ContainerLink[];
  readonly ports: readonly PortBinding[];
  /** `name:address`; the address `host-gateway` is the gateway of the first network. */
  readonly extraHosts: readonly string[];
  /**
   * The file that is bind-mounted as the container's /etc/hosts; it exists. The network stack is its only writer, here and when
   * containers in the same networks come and go. It is always written in place, because a new inode would not be seen inside.
   * Undefined for `container:`, which shares the other container's file.
   */
  readonly hostsFile?: string;
}

/** Where the container's first process has to run. */
export interface NetworkSetup {
  /**
   * `host`: no namespace of its own. `namespace`: a path the runtime joins, for `container:` the other container's; the namespace
   * exists before the runtime starts and stays when all processes have left it, until `detach`.
   */
  readonly namespace: { readonly kind: "host" } | { readonly kind: "namespace"; readonly path: string };
  readonly endpoints: readonly Endpoint[];
  /** As asked for, with `hostIp` and `hostPort` chosen. */
  readonly ports: readonly (PortBinding & { readonly hostPort: number })[];
  /** What the host could not give, one sentence each. */
  readonly warnings: readonly string[];
}

/**
 * The network side of a container's life. The container's record (`containers/<id>/`) is on disk before `attach` is called and
 * goes away after `detach`, so that whatever a killed process left can be told apart.
 */
export interface NetworkStack {
  /**
   * Makes the network namespace, joins it to the networks, publishes ports, writes the hosts file and those of the neighbours
   * that must now know this container. All or nothing: when it throws, nothing is left.
   * @throws RbuildError `network.not-found`, `network.address-exhausted`, `network.port-in-use`, `network.mode-conflict`
   */
  attach(request: NetworkRequest, options?: { readonly signal?: AbortSignal }): Promise<NetworkSetup>;
  /** Undoes `attach` after the container's processes have ended. Idempotent, also after a crash in the middle of `attach`. */
  detach(containerId: string): Promise<void>;
  /** Takes a running container's new name over into the neighbours' hosts files. */
  rename(containerId: string, name: string): Promise<void>;
  /**
   * Removes namespaces, interfaces, addresses, rules and published ports of every container for which `isOwned` is false. It is asked
   * after the leftovers were listed, so a container that another process is making now is never taken for dead. Quick when there is nothing.
   */
  sweep(isOwned: (containerId: string) => Promise<boolean>): Promise<void>;
}

/** Both sides of one engine's networks: what users ask for and what containers need. */
export interface OpenNetworks extends AsyncDisposable {
  readonly networks: Networks;
  readonly stack: NetworkStack;
}
