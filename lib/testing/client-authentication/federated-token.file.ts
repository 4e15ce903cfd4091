import { clearTimeout, setTimeout } from 'node:timers';
import type { Workspace } from '../workspace.js';
import { federatedRenewalShare, type FederatedIssuer } from './federated.issuer.js';

/** What a timer is set with: the machine's, or that of a `ManualClock`. */
export interface FederatedClock {
  now(): number;
  setTimeout?(callback: () => void, delayInMs: number): unknown;
  clearTimeout?(handle: unknown): void;
}

/** The file that the platform gives a workload, and writes anew before the assertion in it ends. */
export class FederatedTokenFile {
  private written: string | undefined;
  private stopTimer: (() => void) | undefined;

  constructor(
    private readonly client: { name: string; objectId: string },
    private readonly workspace: Workspace,
    private readonly issuer: FederatedIssuer,
    private readonly clock: FederatedClock,
  ) {}

  /** Written when first read. */
  get path(): string {
    this.written ??= this.write();
    return this.written;
  }

  /** Writes a new assertion now. */
  renew(): void {
    this.written = this.write();
  }

  stop(): void {
    this.stopTimer?.();
    this.stopTimer = undefined;
  }

  private write(): string {
    this.stop();
    const delayInMs = this.issuer.lifetimeInSeconds * federatedRenewalShare * 1000;
    // Longer than that is longer than any test, and than a timer can be.
    if (delayInMs < 2 ** 31) this.stopTimer = this.inTime(() => this.renew(), delayInMs);
    const { client, issuer } = this;
    return this.workspace.rewrite(`${client.objectId}.federated-token`, issuer.issueAssertion(client));
  }

  private inTime(callback: () => void, delayInMs: number): () => void {
    const { clock } = this;
    if (clock.setTimeout !== undefined) {
      const handle = clock.setTimeout(callback, delayInMs);
      return () => clock.clearTimeout?.(handle);
    }
    const timer = setTimeout(callback, delayInMs).unref();
    return () => clearTimeout(timer);
  }
}
