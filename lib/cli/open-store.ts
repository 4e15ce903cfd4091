import { EncryptedRefreshTokenStore } from '../store/encrypted/encrypted.refresh-token-store.js';
import { KeyRing, type RefreshTokenKeyRing } from '../store/encrypted/key-ring.js';
import { isEncrypted, keyIdOf } from '../store/encrypted/token-cipher.js';
import { FileRefreshTokenStore } from '../store/file/file.refresh-token-store.js';
import { RefreshTokenUnreadableError } from '../store/refresh-token-store.error.js';
import type { RefreshTokenSnapshot, RefreshTokenStore } from '../store/refresh-token-store.js';
import { loadDataSource } from './data-source.loader.js';
import { keysVariable, readKeyRing } from './key-ring.js';
import type { StoreOptions } from './store-options.js';

/** A store in use, to be let go of in the end. */
export interface OpenStore extends AsyncDisposable {
  /** What refresh tokens are read from and put into. */
  readonly store: RefreshTokenStore;
  /** The same, when keys are at hand. */
  readonly encrypted?: EncryptedRefreshTokenStore;
  /** What lies beneath the encryption. */
  readonly plain: RefreshTokenStore;
  /** Where it is, for people. */
  readonly place: string;
}

/**
 * Opens the store that the options name; it is encrypted when the environment has keys.
 *
 * @returns `undefined` when the options name none
 * @throws {EntraOptionsError} for keys or a module that cannot be used
 */
export async function openStore(
  options: StoreOptions,
  env: Readonly<Record<string, string | undefined>>,
): Promise<OpenStore | undefined> {
  const keys = readKeyRing(env[keysVariable]);
  // Before anything is connected to.
  if (keys !== undefined) new KeyRing(keys);
  const { store: path, dataSource: module, name } = options;
  if (path !== undefined) {
    const stores = storesOver(new FileRefreshTokenStore({ path }), path, options, keys);
    return { ...stores, [Symbol.asyncDispose]: () => Promise.resolve() };
  }
  if (module === undefined) return undefined;
  const dataSource = await loadDataSource(module);
  try {
    // Loaded here: TypeORM is optional.
    const { TypeOrmRefreshTokenStore } = await import('../store/typeorm/index.js');
    const plain = new TypeOrmRefreshTokenStore({ dataSource, ...(name === undefined ? {} : { name }) });
    const place = `the row "${plain.identity}" of the database "${String(dataSource.options.database)}"`;
    const stores = storesOver(plain, place, options, keys);
    return { ...stores, [Symbol.asyncDispose]: () => dataSource.destroy() };
  } catch (error) {
    // Its connections would keep the process alive.
    await dataSource.destroy();
    throw error;
  }
}

/** @throws {RefreshTokenUnreadableError} when what was loaded is encrypted and the environment has no keys */
export function checkReadable(
  { encrypted, place }: Pick<OpenStore, 'encrypted' | 'place'>,
  snapshot: RefreshTokenSnapshot | undefined,
): void {
  const refreshToken = snapshot?.value.refreshToken ?? '';
  if (encrypted !== undefined || !isEncrypted(refreshToken)) return;
  const keyId = keyIdOf(refreshToken);
  const named = keyId === undefined ? '' : ` with the key "${keyId}"`;
  throw new RefreshTokenUnreadableError(
    `What ${place} holds is encrypted${named}, and ${keysVariable} is not set. It is left as it is.`,
    `Set ${keysVariable} to "${keyId ?? 'id'}=<the key>".`,
  );
}

function storesOver(
  plain: RefreshTokenStore,
  place: string,
  { name, adoptPlaintext }: StoreOptions,
  keys: RefreshTokenKeyRing | undefined,
): Omit<OpenStore, typeof Symbol.asyncDispose> {
  if (keys === undefined) return { store: plain, plain, place };
  const encrypted = new EncryptedRefreshTokenStore({
    store: plain,
    keys,
    ...(name === undefined ? {} : { name }),
    ...(adoptPlaintext === undefined ? {} : { adoptPlaintext }),
  });
  return { store: encrypted, encrypted, plain, place };
}
