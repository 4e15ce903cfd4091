import { EventEmitter } from 'node:events';

import { expect, it } from '@jest/globals';

import type { PoolConfig } from '../../../lib/mssql/mssql-driver.js';
import type { MsSqlLogin } from '../../../lib/mssql/mssql-login.js';
import { MsSqlSingleLogin } from '../../../lib/mssql/mssql-single-login.js';

it('asks the replica that the pool uses, by the same way', async () => {
  const made: PoolConfig[] = [];
  class Pool extends EventEmitter {
    constructor(config: PoolConfig) {
      super();
      made.push(config);
    }
  }
  const options = {
    readOnlyIntent: true,
    localAddress: '127.0.0.2',
    packetSize: 8_192,
    isolation: 'SNAPSHOT',
  };
  const login = {
    dataSource: { primary: { host: 'db.example' }, typeOrmOptions: { options } },
    connect: () => Promise.resolve({ close: () => undefined }),
  } as unknown as MsSqlLogin;
  const single = new MsSqlSingleLogin(login, Pool as never, () => Promise.resolve());

  await single.query('SELECT 1');

  const { isolation: _, ...route } = options;
  expect(made).toEqual([{ server: 'db.example', options: route }]);
});
