import { EntraOptionsError } from './options.error.js';
import { systemClock, type Clock } from './clock.js';
import { kindOf } from './option-checks.js';

const methods = ['now', 'random', 'setTimeout', 'clearTimeout'];

/** The option `clock`, or the machine's when it is left out. Without all of its methods it would fail in a timer. */
export function clockOption(clock: Clock | undefined): Clock {
  if (clock === undefined) return systemClock;
  const isObject = typeof clock === 'object' && clock !== null;
  const missing = isObject ? methods.filter((name) => typeof Reflect.get(clock, name) !== 'function') : [];
  if (isObject && missing.length === 0) return clock;
  const given = isObject ? `has no ${missing.map((name) => `${name}()`).join(', ')}` : kindOf(clock);
  const fix = 'Give a Clock, such as a ManualClock of "nestjs-entra-auth/testing", or leave it out.';
  throw new EntraOptionsError('clock', given, fix);
}
