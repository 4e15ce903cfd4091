import { inspect } from 'node:util';

import { ConsoleLogger } from '@nestjs/common';
import { describe, expect, it, jest } from '@jest/globals';
import { Subject } from 'rxjs';
import type { TokenEvent } from 'nestjs-entra-auth';

import { LogEntry } from '../../../lib/nest/log-entry.js';
import { logTokenEvents } from '../../../lib/nest/token-event.logger.js';

const event: TokenEvent = {
  type: 'rejected',
  resource: 'graph',
  at: new Date(0),
  expiresAt: new Date(3_600_000),
};

describe('a line of the event log', () => {
  it('is its text wherever a text is wanted', () => {
    const entry = new LogEntry('A line.', event);
    expect([String(entry), inspect(entry), entry.message]).toEqual(['A line.', 'A line.', 'A line.']);
  });

  it('has the fields of the event as its own', () => {
    expect({ ...new LogEntry('A line.', event) }).toEqual({
      msg: 'A line.',
      event: 'entra.rejected',
      resource: 'graph',
      expiresAt: '1970-01-01T01:00:00.000Z',
    });
  });

  it("is printed as its text by Nest's own logger", () => {
    const written: string[] = [];
    const write = jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
      written.push(String(text));
      return true;
    });
    new ConsoleLogger('EntraAuth', { colors: false }).warn(new LogEntry('A line.', event));
    write.mockRestore();
    expect(written.join('')).toMatch(/WARN \[EntraAuth\] A line\.\n$/);
  });

  it('goes as a text to a logger that takes nothing else', () => {
    const events = new Subject<TokenEvent>();
    const lines: string[] = [];
    const write = (line: unknown): void => void lines.push((line as string).trim());
    logTokenEvents(events, { debug: write, log: write, warn: write, error: write });
    events.next(event);
    expect(lines).toEqual([expect.stringContaining('was rejected by a server')]);
  });
});
