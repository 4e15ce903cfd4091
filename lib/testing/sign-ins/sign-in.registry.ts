import { randomBytes, randomInt } from 'node:crypto';
import type { Consents } from '../directory/consents.js';
import type { LocalUser, People } from '../directory/people.js';
import { EntraError } from '../errors/entra.error.js';
import type { TokenSubject } from '../tokens/hand-made-token.js';

const codeLifetimeInMs = 10 * 60_000;
const deviceCodeLifetimeInMs = 15 * 60_000;
const pollingIntervalInMs = 5_000;
// Without letters and digits that look alike, as Entra's.
const userCodeAlphabet = 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789';

/** What a person's sign-in has left for the application to redeem. */
export interface AuthorizationCode {
  user: LocalUser;
  client: TokenSubject;
  redirectUri: string;
  spa: boolean;
  scope: string;
  nonce: string | undefined;
  challenge: { value: string; method: 'S256' | 'plain' } | undefined;
  expiresAt: number;
  used: boolean;
}

/** A device that waits for a person to enter its code. */
interface WaitingDevice {
  client: TokenSubject;
  scope: string;
  userCode: string;
  expiresAt: number;
  polledAt: number;
  decision: { user: LocalUser } | 'pending' | 'declined';
}

/** Keeps the sign-ins that are under way. */
export class SignInRegistry {
  checksPollingInterval = false;
  private readonly codes = new Map<string, AuthorizationCode>();
  private readonly devices = new Map<string, WaitingDevice>();
  private readonly refused = new Map<string, number>();

  constructor(
    private readonly people: People,
    private readonly consents: Consents,
    private readonly now: () => number,
  ) {}

  /** Ends a sign-in at the authorization endpoint: the person agrees to what is asked, and a code stands for it. */
  issueCode(signIn: Omit<AuthorizationCode, 'expiresAt' | 'used'>): string {
    this.consents.addScope(signIn.user, signIn.client.clientId, signIn.scope);
    const code = `1.AXoA${randomBytes(480).toString('base64url')}`;
    this.codes.set(code, { ...signIn, expiresAt: this.now() + codeLifetimeInMs, used: false });
    return code;
  }

  isOfSinglePage(code: string): boolean {
    return this.codes.get(code)?.spa === true;
  }

  /** @throws EntraError AADSTS70000, 54005 or 70008 */
  requireCode(named: string, client: TokenSubject): AuthorizationCode {
    const code = this.codes.get(named);
    if (code === undefined || code.client.clientId !== client.clientId) throw new EntraError(70000);
    if (code.used) throw new EntraError(54005);
    if (this.now() >= code.expiresAt) throw new EntraError(70008);
    return code;
  }

  addDevice(client: TokenSubject, scope: string): WaitingDevice & { deviceCode: string; interval: number } {
    const deviceCode = randomBytes(120).toString('base64url');
    const expiresAt = this.now() + deviceCodeLifetimeInMs;
    const device: WaitingDevice = {
      ...{ client, scope, userCode: newUserCode(), expiresAt },
      polledAt: -Infinity,
      decision: 'pending',
    };
    this.devices.set(deviceCode, device);
    return { ...device, deviceCode, interval: pollingIntervalInMs / 1000 };
  }

  /** @throws TypeError when no device waits with this code */
  decide(userCode: string, decision: { user: string | undefined } | 'declined'): void {
    const wanted = userCode.trim().toUpperCase();
    const device = [...this.devices.values()].find((one) => one.userCode === wanted);
    if (device === undefined || this.now() >= device.expiresAt) {
      throw new TypeError(`No device waits with the code "${userCode}".`);
    }
    if (decision === 'declined') device.decision = 'declined';
    else {
      const user = this.people.require(decision.user);
      this.consents.addScope(user, device.client.clientId, device.scope);
      device.decision = { user };
    }
  }

  /** The person who has entered the code of a device. @throws EntraError as long as there is none */
  requireDevice(deviceCode: string, client: TokenSubject): { user: LocalUser; scope: string } {
    const device = this.devices.get(deviceCode);
    if (device === undefined || device.client.clientId !== client.clientId) throw new EntraError(70018);
    const early = this.now() - device.polledAt < pollingIntervalInMs;
    device.polledAt = this.now();
    if (this.now() >= device.expiresAt) throw new EntraError(70020);
    if (this.checksPollingInterval && early) throw new EntraError(70016, { error: 'slow_down' });
    const { decision, scope } = device;
    if (decision === 'pending') throw new EntraError(70016);
    if (decision === 'declined') throw new EntraError(65004, { error: 'authorization_declined' });
    return { user: decision.user, scope };
  }

  forgetDevice(deviceCode: string): void {
    this.devices.delete(deviceCode);
  }

  /** Answers what is asked for this person with a code from now on; `undefined` ends that. */
  refuse(user: LocalUser, code: number | undefined): void {
    if (code === undefined) this.refused.delete(user.objectId);
    else this.refused.set(user.objectId, code);
  }

  /** The AADSTS code that requests for this person are answered with. */
  refusalOf(user: LocalUser): number | undefined {
    return this.refused.get(user.objectId);
  }
}

function newUserCode(): string {
  return Array.from({ length: 9 }, () => userCodeAlphabet[randomInt(userCodeAlphabet.length)]).join('');
}
