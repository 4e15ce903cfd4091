import { Processor, WorkerHost } from '@nestjs/bullmq';
import type { Job } from 'bullmq';

import { NotesService } from '../notes/notes.service.js';
import { remindersQueue, type ReminderJob } from './reminders.service.js';

/** Makes a note of each reminder that is due. */
@Processor(remindersQueue, { concurrency: 5 })
export class RemindersProcessor extends WorkerHost {
  constructor(private readonly notes: NotesService) {
    super();
  }

  async process({ data }: Job<ReminderJob>): Promise<void> {
    await this.notes.add(data.text);
  }
}
