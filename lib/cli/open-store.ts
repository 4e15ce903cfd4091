import { EncryptedRefreshTokenStore } from '../credential/refresh-token-store/encrypted/encrypted.refresh-token-store.js';
import { FileRefreshTokenStore } from '../credential/refresh-token-store/file/file.refresh-token-store.js';
import type { RefreshTokenStore } from '../credential/refresh-token-store/refresh-token-store.js';
import { loadDataSource } from './data-source.loader.js';
import { keysVariable, readKeyRing } from './key-ring.js';
import type { StoreOptions } from './store-options.js';

/** A store in use, to be let go of in the end. */
export interface OpenStore extends AsyncDisposable {
  /** What refresh tokens are read from and put into. */
  readonly store: RefreshTokenStore;
  /** The same, when keys are at hand. */
  readonly encrypted?: EncryptedRefreshTokenStore;
  /** What lies beneath the encryption; the same as `store` without keys. */
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
  const opened = await openPlain(options);
  if (opened === undefined || keys === undefined) return opened;
  const { name, adoptPlaintext } = options;
  const encrypted = new EncryptedRefreshTokenStore({
    store: opened.plain,
    keys,
    name,
    ...(adoptPlaintext === undefined ? {} : { adoptPlaintext }),
  });
  return {
    ...opened,
    store: encrypted,
    encrypted,
    [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
  };
}

async function openPlain({
  store: path,
  dataSource: module,
  name,
}: StoreOptions): Promise<OpenStore | undefined> {
  if (path !== undefined) {
    const store = new FileRefreshTokenStore({ path });
    return { store, plain: store, place: path, [Symbol.asyncDispose]: () => Promise.resolve() };
  }
  if (module === undefined) return undefined;
  const dataSource = await loadDataSource(module);
  // Loaded here: TypeORM is optional.
  const { TypeOrmRefreshTokenStore } = await import('../typeorm/index.js');
  const store = new TypeOrmRefreshTokenStore({ dataSource, name });
  return {
    store,
    plain: store,
    place: `the row "${name}" of the database "${String(dataSource.options.database)}"`,
    [Symbol.asyncDispose]: () => dataSource.destroy(),
  };
}
