import {
  MemoryRefreshTokenStore,
  type ExclusiveOptions,
  type RefreshTokenAccess,
  type RefreshTokenSnapshot,
  type RefreshTokenStore,
  type StoredRefreshToken,
} from 'nestjs-entra-auth';

type Fault = Error | 'hang' | undefined;

/** A store in memory whose parts fail when a test wants them to. */
export class FaultyStore implements RefreshTokenStore {
  readonly inner: MemoryRefreshTokenStore;
  loadFault: Fault;
  saveFault: Fault;
  exclusiveFault: Fault;
  /** What was saved, in order. */
  readonly saved: StoredRefreshToken[] = [];
  /** Runs before each save within `exclusive`, as a writer would that does not take the lock. */
  beforeSave: (() => Promise<void>) | undefined;

  constructor(value?: StoredRefreshToken) {
    this.inner = new MemoryRefreshTokenStore(value);
  }

  async load(): Promise<RefreshTokenSnapshot | undefined> {
    await happen(this.loadFault);
    return this.inner.load();
  }

  async save(value: StoredRefreshToken, expectedVersion: string | undefined): Promise<RefreshTokenSnapshot> {
    await happen(this.saveFault);
    await this.beforeSave?.();
    const snapshot = await this.inner.save(value, expectedVersion);
    this.saved.push(value);
    return snapshot;
  }

  async exclusive<T>(
    work: (access: RefreshTokenAccess) => Promise<T>,
    options?: ExclusiveOptions,
  ): Promise<T> {
    await happen(this.exclusiveFault);
    return this.inner.exclusive(() => work(this), options);
  }

  /** Puts a refresh token there, as an operator does. */
  async put(refreshToken: string, obtainedOnTimestamp: number): Promise<void> {
    await this.inner.save({ refreshToken, obtainedOnTimestamp }, (await this.inner.load())?.version);
  }

  async refreshToken(): Promise<string | undefined> {
    return (await this.inner.load())?.value.refreshToken;
  }
}

async function happen(fault: Fault): Promise<void> {
  if (fault === 'hang') await new Promise(() => undefined);
  if (fault instanceof Error) throw fault;
}
