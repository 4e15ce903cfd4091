import { Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';

import { NotesService } from '../notes/notes.service.js';

/** A query every few seconds, so that there is something to see without a caller. */
@Injectable()
export class HeartbeatService {
  private readonly logger = new Logger(HeartbeatService.name);

  constructor(private readonly notes: NotesService) {}

  @Interval('heartbeat', 5_000)
  async beat(): Promise<void> {
    try {
      await this.notes.count();
    } catch (error) {
      this.logger.warn(`The database did not answer: ${(error as Error).message}`);
    }
  }
}
