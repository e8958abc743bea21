import type { TlsConfig } from "../config/tls.js";
import { readTlsFiles, type TlsMaterial, tlsFilesOf } from "../config/tls-files.js";
import { type FileWatch, watchFiles } from "../config/watch.js";
import type { Logger } from "../telemetry/log.js";
import type { Metrics } from "../telemetry/metrics.js";

/** What is known of the certificates in use. */
export interface TlsStatus {
  /** When the proxy's own ends, epoch ms. */
  readonly certExpiresMs: number;
  /** When the first of those that apps are checked against ends. */
  readonly clientCaExpiresMs: number | undefined;
  /** Why the files that are there now are not used. `undefined`: they are. */
  readonly problem: string | undefined;
}

export interface TlsRotationOptions {
  readonly config: TlsConfig;
  /** What the listener uses now. */
  readonly material: TlsMaterial;
  /** Makes new connections use it. */
  use(material: TlsMaterial): void;
  readonly metrics: Metrics;
  readonly log: Logger;
  /** Epoch ms. */
  readonly now: () => number;
}

/** Takes certificates over when their files change. Files that cannot be used change nothing. */
export class TlsRotation implements Disposable {
  readonly #options: TlsRotationOptions;
  readonly #watch: FileWatch;
  #material: TlsMaterial;
  #problem: string | undefined;
  #lastReload: Promise<void> = Promise.resolve();

  constructor(options: TlsRotationOptions) {
    this.#options = options;
    this.#material = options.material;
    this.#watch = watchFiles(() => void this.reload());
    this.#watch.watch(tlsFilesOf(options.config));
    this.#tellExpiry();
  }

  get status(): TlsStatus {
    const { certExpiresMs, clientCaExpiresMs } = this.#material;
    return { certExpiresMs, clientCaExpiresMs, problem: this.#problem };
  }

  /** Reads the files again and uses what they hold. One at a time; never rejects. */
  reload(): Promise<void> {
    this.#lastReload = this.#lastReload.then(() => this.#reload());
    return this.#lastReload;
  }

  [Symbol.dispose](): void {
    this.#watch[Symbol.dispose]();
  }

  async #reload(): Promise<void> {
    const { config, metrics, log, now } = this.#options;
    this.#problem = await this.#tryReload(config, now());
    metrics.tlsReloaded(this.#problem === undefined ? "applied" : "rejected");
    if (this.#problem === undefined)
      log.info({ expires: textOf(this.#material.certExpiresMs) }, "certificates changed");
    else log.error({ reason: this.#problem }, "certificates refused; the last good ones serve");
  }

  /** Answers why the files cannot be used. */
  async #tryReload(config: TlsConfig, nowMs: number): Promise<string | undefined> {
    try {
      const read = await readTlsFiles(config, nowMs);
      if ("problems" in read) return read.problems.map(({ option, message }) => `tls.${option}: ${message}`).join("; ");
      this.#options.use(read.material);
      this.#material = read.material;
      this.#tellExpiry();
      return undefined;
    } catch (error) {
      return (error as Error).message;
    }
  }

  #tellExpiry(): void {
    const { metrics } = this.#options;
    const { certExpiresMs, clientCaExpiresMs } = this.#material;
    metrics.tlsCertificateExpires("server", certExpiresMs);
    if (clientCaExpiresMs !== undefined) metrics.tlsCertificateExpires("client_ca", clientCaExpiresMs);
  }
}

function textOf(ms: number): string {
  return new Date(ms).toISOString();
}
