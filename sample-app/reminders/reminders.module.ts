import { BullModule } from '@nestjs/bullmq';
import { Module } from '@nestjs/common';

import { NotesModule } from '../notes/notes.module.js';
import { RemindersController } from './reminders.controller.js';
import { RemindersProcessor } from './reminders.processor.js';
import { remindersQueue, RemindersService } from './reminders.service.js';

@Module({
  imports: [NotesModule, BullModule.registerQueue({ name: remindersQueue })],
  controllers: [RemindersController],
  providers: [RemindersService, RemindersProcessor],
})
export class RemindersModule {}
