export interface VolumeInfo {
  readonly name: string;
  /** Directory that holds the files. */
  readonly mountpoint: string;
  readonly createdAt: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly anonymous: boolean;
}

export interface Volumes {
  /** Idempotent for a name that exists. */
  create(spec: { readonly name?: string; readonly labels?: Readonly<Record<string, string>> }): Promise<VolumeInfo>;
  /** @throws RbuildError `volume.not-found` */
  get(name: string): Promise<VolumeInfo>;
  list(): Promise<readonly VolumeInfo[]>;
  /** @throws RbuildError `volume.in-use` */
  remove(name: string, options?: { readonly force?: boolean }): Promise<void>;
}
