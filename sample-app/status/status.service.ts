import { Injectable } from '@nestjs/common';
import { EntraTokenService } from 'nestjs-entra-auth';

import { LoginMeter } from './login.meter.js';
import { QueryMeter } from './query.meter.js';
import type { Status } from './status.dto.js';

@Injectable()
export class StatusService {
  constructor(
    private readonly tokens: EntraTokenService,
    private readonly logins: LoginMeter,
    private readonly queries: QueryMeter,
  ) {}

  read(): Status {
    return {
      tokens: this.tokens.state().map((token) => ({
        resource: token.resource,
        state: token.state,
        acquiredAt: token.acquiredAt ?? null,
        expiresAt: token.expiresAt ?? null,
        nextRefreshAt: token.nextRefreshAt ?? null,
        refreshes: token.refreshes,
        failures: token.failures,
      })),
      database: {
        logins: this.logins.accepted,
        loginFailures: this.logins.failed,
        queries: this.queries.succeeded,
        queryFailures: this.queries.failed,
      },
    };
  }
}
