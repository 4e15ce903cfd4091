import type {
  LeaseRequest,
  PutRequest,
  SharedRecord,
  SharedTokenCache,
} from '../../../lib/store/shared-token-cache.js';
import { versionOf } from '../../../lib/store/shared-token-cache.js';

/** What a test lets a command do. */
type Fault = Error | 'hang' | undefined;

/** A shared cache in memory, which fails and hangs when a test wants it to. */
export class MemoryTokenCache implements SharedTokenCache {
  readonly description = 'the test';
  readonly records = new Map<string, { record: Uint8Array; until: number; owner?: string | undefined }>();
  readonly leases = new Map<string, { holder: string; until: number }>();
  /** Names of the commands that came. */
  readonly commands: string[] = [];
  readonly faults: Partial<Record<keyof SharedTokenCache, Fault>> = {};

  constructor(private readonly now: () => number = Date.now) {}

  /** Lets every command fail, hang or work. */
  set fault(fault: Fault) {
    for (const name of ['read', 'lease', 'put', 'release', 'deleteOwned'] as const) this.faults[name] = fault;
  }

  async read(name: string): Promise<SharedRecord> {
    await this.#begin('read');
    return this.#stored(name);
  }

  async lease(name: string, { holder, forMs, replaces }: LeaseRequest): Promise<'taken' | SharedRecord> {
    await this.#begin('lease');
    const stored = this.#stored(name);
    if (stored.isLeased || !isReplaceable(stored.record, replaces)) return stored;
    this.leases.set(name, { holder, until: this.now() + forMs });
    return 'taken';
  }

  async put(name: string, { record, expiresInMs, replaces, holder, owner }: PutRequest): Promise<boolean> {
    await this.#begin('put');
    if (this.leases.get(name)?.holder === holder) this.leases.delete(name);
    if (!isReplaceable(this.#stored(name).record, replaces)) return false;
    this.records.set(name, { record, until: this.now() + expiresInMs, owner });
    return true;
  }

  async release(name: string, holder: string): Promise<void> {
    await this.#begin('release');
    if (this.leases.get(name)?.holder === holder) this.leases.delete(name);
  }

  async deleteOwned(owner: string): Promise<number> {
    await this.#begin('deleteOwned');
    const names = [...this.records].filter(([, record]) => record.owner === owner).map(([name]) => name);
    for (const name of names) this.records.delete(name);
    return names.length;
  }

  #stored(name: string): SharedRecord {
    const found = this.records.get(name);
    const record = found !== undefined && this.now() < found.until ? found.record : undefined;
    return { record, isLeased: this.now() < (this.leases.get(name)?.until ?? 0) };
  }

  async #begin(command: keyof SharedTokenCache): Promise<void> {
    this.commands.push(command);
    const fault = this.faults[command];
    if (fault === 'hang') await new Promise<never>(() => undefined);
    if (fault instanceof Error) throw fault;
  }
}

function isReplaceable(record: Uint8Array | undefined, replaces: Uint8Array | undefined): boolean {
  if (record === undefined) return true;
  return replaces !== undefined && Buffer.compare(versionOf(record), replaces) === 0;
}
