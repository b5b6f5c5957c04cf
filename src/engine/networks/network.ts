/** A network containers join. `bridge`, `host` and `none` exist always and cannot be removed. */
export interface NetworkInfo {
  /** 64 hex digits. */
  readonly id: string;
  readonly name: string;
  readonly driver: "bridge" | "host" | "null";
  readonly createdAt: string;
  /** No way out: containers reach each other only. */
  readonly internal: boolean;
  readonly subnet?: string;
  readonly gateway?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly options: Readonly<Record<string, string>>;
  /** Container id → address with prefix length. */
  readonly containers: readonly { readonly id: string; readonly name: string; readonly address: string; readonly macAddress: string }[];
}

export interface NetworkSpec {
  readonly name: string;
  readonly driver?: "bridge";
  readonly internal?: boolean;
  /** IPv4 CIDR; a free one is chosen when left out. */
  readonly subnet?: string;
  readonly gateway?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly options?: Readonly<Record<string, string>>;
}

export interface Networks {
  create(spec: NetworkSpec): Promise<NetworkInfo>;
  /** @throws RbuildError `network.not-found` */
  get(lookup: string): Promise<NetworkInfo>;
  list(): Promise<readonly NetworkInfo[]>;
  /** @throws RbuildError `network.in-use`, `network.predefined` */
  remove(lookup: string): Promise<void>;
}
