import { setTimeout as sleep } from 'node:timers/promises';

import { Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { isEntraAuthError } from 'nestjs-entra-auth';

import { NotesService } from '../notes/notes.service.js';

const longestInMs = 5_000;
const pauseInMs = 200;

/** Asks the database every second, as users would, and counts what they would notice. */
@Injectable()
export class SteadyCallsService {
  made = 0;
  failed = 0;
  /** Tries that were repeated, since the server had only gone for a moment. */
  repeated = 0;
  private readonly logger = new Logger(SteadyCallsService.name);

  constructor(private readonly notes: NotesService) {}

  @Interval('steady-calls', 1_000)
  async call(): Promise<void> {
    this.made++;
    try {
      await this.readWithin(longestInMs);
    } catch (error) {
      this.failed++;
      this.logger.warn(`The database did not answer: ${(error as Error).message}`);
    }
  }

  /** A read can be repeated without harm, so an application rides out a restart of its database. */
  private async readWithin(timeoutInMs: number): Promise<void> {
    const deadline = performance.now() + timeoutInMs;
    for (;;) {
      try {
        await this.notes.count();
        return;
      } catch (error) {
        if (!isPassing(error) || performance.now() > deadline) throw error;
        this.repeated++;
        await sleep(pauseInMs, undefined, { ref: false });
      }
    }
  }
}

/** Whether the server was only gone for a moment: it restarts, or the connection broke. */
function isPassing(error: unknown): boolean {
  if (isEntraAuthError(error)) return error.code === 'ENTRA_DATABASE_UNREACHABLE';
  const code: unknown = Reflect.get(Object(error) as object, 'code');
  const broken = /^Connection terminated/.test((error as Error).message);
  return (
    broken || (typeof code === 'string' && /^(57P0[123]|08\d{3}|ECONNRESET|ECONNREFUSED|EPIPE)$/.test(code))
  );
}
