import { Module } from '@nestjs/common';

import { AccessTokenValidator } from './access-token.validator.js';
import { CallerGuard } from './caller.guard.js';

@Module({ providers: [AccessTokenValidator, CallerGuard], exports: [AccessTokenValidator, CallerGuard] })
export class CallersModule {}
