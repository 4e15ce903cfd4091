import { Module } from '@nestjs/common';

import { ActivityLogger } from './activity.logger.js';
import { LoginMeter } from './login.meter.js';
import { QueryMeter } from './query.meter.js';
import { StatusController } from './status.controller.js';
import { StatusService } from './status.service.js';

@Module({
  controllers: [StatusController],
  providers: [StatusService, LoginMeter, QueryMeter, ActivityLogger],
})
export class StatusModule {}
