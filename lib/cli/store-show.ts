import { refreshTokenLife } from '../refresh-token/refresh-token-state.js';
import { keyIdOf } from '../store/encrypted/token-cipher.js';
import type { StoredRefreshToken } from '../store/refresh-token-store.js';
import type { Terminal } from './discreet-terminal.js';
import { keysVariable } from './key-ring.js';
import type { OpenStore } from './open-store.js';
import { shortened } from './token-report.js';

/** Prints the times and digests of what a store holds. Without its key, an encrypted token is reported as not readable. */
export async function showStore(opened: OpenStore, terminal: Terminal, json: boolean): Promise<void> {
  const beneath = (await opened.plain.load())?.value;
  if (beneath === undefined) {
    terminal.out(json ? '{"stored":false}\n' : `${opened.place} holds nothing yet.\n`);
    return;
  }
  const keyId = keyIdOf(beneath.refreshToken);
  const readable = keyId === undefined || opened.encrypted !== undefined;
  const value = keyId === undefined ? beneath : readable ? (await opened.store.load())?.value : undefined;
  const report = {
    stored: true,
    encryptedWith: keyId ?? null,
    obtainedOn: new Date(beneath.obtainedOnTimestamp).toISOString(),
    expiresBy: new Date(beneath.obtainedOnTimestamp + refreshTokenLife).toISOString(),
    refreshToken: value === undefined ? null : shortened(value.refreshToken),
    accessTokens: value === undefined ? null : accessTokensOf(value),
  };
  terminal.out(json ? `${JSON.stringify(report)}\n` : textOf(report));
}

function accessTokensOf({ accessTokens = {} }: StoredRefreshToken): { for: string; expiresOn: string }[] {
  return Object.entries(accessTokens).map(([key, { expiresOnTimestamp }]) => ({
    for: key,
    expiresOn: new Date(expiresOnTimestamp).toISOString(),
  }));
}

interface Report {
  encryptedWith: string | null;
  obtainedOn: string;
  expiresBy: string;
  refreshToken: string | null;
  accessTokens: { for: string; expiresOn: string }[] | null;
}

function textOf(report: Report): string {
  const { encryptedWith, refreshToken, accessTokens } = report;
  const lines = [
    `refreshToken   ${refreshToken ?? `not readable without its key in ${keysVariable}`}`,
    `encryptedWith  ${encryptedWith === null ? 'nothing' : `the key "${encryptedWith}"`}`,
    `obtainedOn     ${report.obtainedOn}`,
    `expiresBy      ${report.expiresBy} (24 hours after the sign-in for a single-page application)`,
    ...(accessTokens ?? []).map((token) => `accessToken    until ${token.expiresOn} for ${token.for}`),
  ];
  return `${lines.join('\n')}\n`;
}
