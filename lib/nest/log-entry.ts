import { inspect } from 'node:util';

import type { TokenEvent } from '../engine/token-event.js';

type Field = string | number | boolean;

/**
 * A line of the event log with the fields that it was made of. A logger for people prints the line; one that writes
 * objects, such as pino or winston, gets the fields: `event`, `resource` and what the event has.
 */
export class LogEntry {
  /** The line, by the name that pino gives it. */
  readonly msg: string;

  constructor(line: string, event: TokenEvent) {
    this.msg = line;
    Object.assign(this, fieldsOf(event));
  }

  /** The line, by the name that winston gives it. */
  get message(): string {
    return this.msg;
  }

  toString(): string {
    return this.msg;
  }

  [inspect.custom](): string {
    return this.msg;
  }
}

/** What an event has, flat and without a secret: times in ISO 8601, of an error its code, its remedy and its numbers. */
function fieldsOf(event: TokenEvent): Record<string, Field> {
  const fields: Record<string, Field> = { event: `entra.${event.type}` };
  for (const [name, value] of Object.entries(event) as [string, unknown][]) {
    if (name === 'type' || name === 'at') continue;
    if (value instanceof Date) fields[name] = value.toISOString();
    else if (typeof value === 'string' || typeof value === 'number') fields[name] = value;
  }
  if (!('error' in event)) return fields;
  const { code, retryable, fix } = event.error;
  const aadsts: unknown = Reflect.get(event.error, 'aadsts');
  return { ...fields, code, retryable, fix, ...(typeof aadsts === 'number' && { aadsts }) };
}
