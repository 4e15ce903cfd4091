import { EntraOptionsError } from '../common/entra-auth.error.js';
import type { Terminal } from './discreet-terminal.js';
import { keysVariable } from './key-ring.js';
import { checkReadable, type OpenStore } from './open-store.js';
import { shortened } from './token-report.js';
import { missingValues } from './usage-message.js';

/**
 * Stores a refresh token that a person obtained by signing in. A running application uses it at its next attempt.
 *
 * @throws {EntraOptionsError} for no token, or for what cannot be one
 */
export async function putToken(opened: OpenStore, terminal: Terminal): Promise<void> {
  const refreshToken = await readToken(terminal);
  const obtainedOnTimestamp = terminal.now();
  // Access tokens of the grant before do not belong to this one.
  await opened.store.exclusive(async (access) => {
    const before = await access.load();
    checkReadable(opened, before);
    await access.save({ refreshToken, obtainedOnTimestamp }, before?.version);
  });
  terminal.out(`Stored ${shortened(refreshToken)} in ${opened.place}.\n`);
}

/** What was piped in comes first: the variable may be left over from an earlier sign-in. */
async function readToken(terminal: Terminal): Promise<string> {
  const given = terminal.env['AZURE_REFRESH_TOKEN']?.trim() ?? '';
  const fromVariable = (): string => checked('AZURE_REFRESH_TOKEN', given);
  if (terminal.inputIsTyped) {
    if (given !== '') return fromVariable();
    terminal.err('Paste the refresh token, press Enter and end with Ctrl-D:\n');
  }
  const input = (await terminal.readInput()).trim();
  return input === '' && given !== '' ? fromVariable() : checked('standard input', input);
}

function checked(source: string, token: string): string {
  const fix =
    'Give the refresh token alone, as `printenv TOKEN | npx nestjs-entra-auth store put --store <file>`.';
  if (token === '') throw new EntraOptionsError(source, 'empty', fix);
  if (/\s/.test(token)) throw new EntraOptionsError(source, 'holds more than one word', fix);
  return token;
}

/**
 * Encrypts what is stored with the first key of the ring; the key that it was encrypted with must be in the ring too.
 *
 * @throws {EntraOptionsError} without keys
 * @throws {RefreshTokenUnreadableError} without the old key; nothing is changed
 */
export async function rotateKey({ encrypted, place }: OpenStore, terminal: Terminal): Promise<void> {
  if (encrypted === undefined) throw missingValues([keysVariable]);
  const written = await encrypted.reencrypt();
  terminal.out(
    written
      ? `Encrypted ${place} anew.\n`
      : `${place} needs nothing: it is empty, or the first key was in use.\n`,
  );
}
