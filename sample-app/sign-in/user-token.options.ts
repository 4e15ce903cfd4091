import type { ModuleRef } from '@nestjs/core';
import { TypeOrmSignInStore } from 'nestjs-entra-auth/typeorm';
import { EncryptedSignInStore, type UserTokenOptions } from 'nestjs-entra-auth/users';
import { DataSource } from 'typeorm';

import { mailScope } from '../mail/mail.service.js';
import type { Registration } from '../platform/registration.js';

/** How the library obtains tokens of persons: what for, and where their sign-ins are kept. */
export function userTokenOptions({ client, key }: Registration, modules: ModuleRef): UserTokenOptions {
  return {
    client,
    resources: { graph: { scopes: [mailScope], enableCae: true } },
    signIns: {
      store: new EncryptedSignInStore({
        // The data source logs in with a token of the same module, and comes after it.
        store: new TypeOrmSignInStore({ dataSource: () => modules.get(DataSource, { strict: false }) }),
        keys: { current: '1', keys: { '1': key } },
      }),
    },
  };
}
