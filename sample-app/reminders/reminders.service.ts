import { InjectQueue } from '@nestjs/bullmq';
import { Injectable } from '@nestjs/common';
import type { Job, Queue } from 'bullmq';

import type { Reminder } from './reminder.dto.js';

/** What a job of the queue carries. */
export interface ReminderJob {
  text: string;
}

export const remindersQueue = 'reminders';

@Injectable()
export class RemindersService {
  constructor(@InjectQueue(remindersQueue) private readonly queue: Queue<ReminderJob>) {}

  async add(text: string, delayInSeconds: number): Promise<Reminder> {
    const delay = delayInSeconds * 1_000;
    const retries = { attempts: 5, backoff: { type: 'exponential', delay: 1_000 } };
    return toReminder(
      await this.queue.add('remind', { text }, { ...retries, delay, removeOnComplete: true }),
    );
  }

  /** The next 100, those that are due first. */
  async waiting(): Promise<Reminder[]> {
    return (await this.queue.getDelayed(0, 99)).map(toReminder);
  }
}

function toReminder({ id = '', data, timestamp, delay }: Job<ReminderJob>): Reminder {
  return { id, text: data.text, dueAt: new Date(timestamp + delay) };
}
