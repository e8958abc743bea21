/** What was seen of a namespace for a while, beside what is declared of it. Rates are a second. */
export interface SeenNamespace {
  readonly namespace: string;
  readonly backend: string;
  readonly reads: number;
  readonly writes: number;
  /** Calls that a limit refused; they are among the reads and writes. */
  readonly refused: number;
  /** The declared limit; `undefined`: there is none. */
  readonly callsMax: number | undefined;
  /** `undefined`: it is no stream, or its backend did not answer. */
  readonly log: SeenLog | undefined;
}

/** What was seen of a log, whoever appended. */
export interface SeenLog {
  /** Records a second, by partition. */
  readonly records: readonly number[];
  /** Whether its backend can have logs of many partitions. */
  readonly isPartitioned: boolean;
  /** Whether partitions may be added to it as it is declared. */
  readonly isGrowable: boolean;
  /** Of the group that was asked for: what is not committed, and what that grows by a second. */
  readonly lag: { readonly records: number; readonly growth: number } | undefined;
}

/** What was seen of a backend. */
export interface SeenBackend {
  readonly backend: string;
  /** Its plugin's short name. */
  readonly plugin: string;
  /** Calls a second on its namespaces together. */
  readonly calls: number;
  /** Processor cores that its plugin used; `undefined`: not known. */
  readonly cores: number | undefined;
  /** How many processes its plugin has and may have, and whether the plugin can have several. */
  readonly replicas: {
    readonly now: number;
    readonly min: number;
    readonly max: number;
    readonly isReplicable: boolean;
  };
  /** The most connections that its calls share; `undefined`: as the plugin has it by default. */
  readonly connectionsMax: number | undefined;
}
