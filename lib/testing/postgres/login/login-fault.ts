// Imported, because a test runner's fake timers replace only the globals.
import { setTimeout as sleep } from 'node:timers/promises';

import { ClientGoneError } from '../protocol/byte.reader.js';
import { ConnectionRefusal } from '../protocol/backend-message.factory.js';

/**
 * Something that goes wrong with a login whose token is good.
 *
 * - `refuse`: the server's own words.
 * - `starting-up`: SQLSTATE 57P03, as during a failover. `read-only`: 25006, as a standby that was promoted too late.
 *   `too-many-connections`: 53300.
 * - `delay`: the answer comes so much later.
 * - `cut`: the connection ends without an answer.
 */
export type LoginFault =
  | { kind: 'refuse'; sqlState: string; message: string }
  | { kind: 'starting-up' }
  | { kind: 'read-only' }
  | { kind: 'too-many-connections' }
  | { kind: 'delay'; inMs: number }
  | { kind: 'cut' };

/** The fault that the next logins meet. */
export class LoginFaults {
  private fault: LoginFault | undefined;
  private remaining = Infinity;

  /** @throws TypeError when `times` is not a positive whole number */
  set(fault: LoginFault | undefined, times = Infinity): void {
    if (!(times === Infinity || (Number.isInteger(times) && times > 0))) {
      throw new TypeError(`"times" must be a positive whole number, not ${times}.`);
    }
    this.fault = fault;
    this.remaining = times;
  }

  /** Lets one login meet the fault. @throws ConnectionRefusal or ClientGoneError */
  async meet(): Promise<void> {
    const { fault } = this;
    if (fault === undefined) return;
    this.remaining -= 1;
    if (this.remaining === 0) this.fault = undefined;
    switch (fault.kind) {
      case 'delay':
        await sleep(fault.inMs, undefined, { ref: false });
        return;
      case 'cut':
        throw new ClientGoneError('The connection is cut by a fault.');
      case 'refuse':
        throw new ConnectionRefusal(fault.sqlState, fault.message);
      case 'starting-up':
        throw new ConnectionRefusal('57P03', 'the database system is starting up');
      case 'read-only':
        throw new ConnectionRefusal('25006', 'session is read-only');
      case 'too-many-connections':
        throw new ConnectionRefusal('53300', 'sorry, too many clients already');
    }
  }
}
