import { Module } from '@nestjs/common';

import { NotesModule } from '../notes/notes.module.js';
import { ActivityLogger } from './activity.logger.js';
import { HeartbeatService } from './heartbeat.service.js';
import { LoginMeter } from './login.meter.js';
import { QueryMeter } from './query.meter.js';
import { StatusController } from './status.controller.js';
import { StatusService } from './status.service.js';

@Module({
  imports: [NotesModule],
  controllers: [StatusController],
  providers: [StatusService, LoginMeter, QueryMeter, ActivityLogger, HeartbeatService],
})
export class StatusModule {}
