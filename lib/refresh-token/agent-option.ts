import { Agent } from 'node:https';

import { EntraOptionsError } from '../common/entra-auth.error.js';
import { kindOf } from '../common/option-checks.js';

/**
 * Checks the option of an agent, which may be left out.
 *
 * @throws {EntraOptionsError} for anything but an `https.Agent` that verifies certificates
 */
export function checkAgent(path: string, agent: unknown): asserts agent is Agent | undefined {
  if (agent === undefined) return;
  if (typeof agent !== 'object' || agent === null || typeof Reflect.get(agent, 'addRequest') !== 'function') {
    throw new EntraOptionsError(path, kindOf(agent), 'Give an https.Agent, or leave it out.');
  }
  if (agent instanceof Agent && agent.options.rejectUnauthorized === false) {
    throw new EntraOptionsError(
      path,
      'does not verify certificates',
      'Leave rejectUnauthorized out; for a private certificate authority give "certificateAuthority".',
    );
  }
}
