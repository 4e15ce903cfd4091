import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { FileRefreshTokenStore } from 'nestjs-entra-auth';

import { newestRecord, writeInPlace } from '../../../lib/store/file/record-lines.js';
import { encodeRecord } from '../../../lib/store/refresh-token-record.js';

const recordOf = (refreshToken: string): string =>
  encodeRecord({ refreshToken, obtainedOnTimestamp: 1 }).text;

/** A file that notes its content after every byte that is written and every change of its length. */
class RecordedFile {
  content: Buffer;
  readonly states: string[] = [];
  failsAtByte = Infinity;

  constructor(content: string) {
    this.content = Buffer.from(content);
  }

  get handle(): FileHandle {
    return {
      stat: () => Promise.resolve({ size: this.content.length }),
      sync: () => Promise.resolve(),
      truncate: (length: number) => Promise.resolve(this.#change(this.content.subarray(0, length))),
      write: (bytes: Buffer, from: number, _length: number, position: number) => {
        if (this.states.length >= this.failsAtByte) return Promise.reject(new Error('ENOSPC'));
        const end = Math.max(this.content.length, position + 1);
        const next = Buffer.alloc(end);
        this.content.copy(next);
        next[position] = bytes[from]!;
        this.#change(next);
        return Promise.resolve({ bytesWritten: 1 });
      },
    } as unknown as FileHandle;
  }

  #change(content: Buffer): void {
    this.content = Buffer.from(content);
    this.states.push(this.content.toString());
  }
}

describe('writing in place', () => {
  const tokens = ['first', 'second-longer', '3', 'fourth-of-another-length', 'fifth'];
  const tokenIn = (text: string): string => newestRecord(text, 'the file').value.refreshToken;

  it('leaves a whole record at every byte, the new one once it was there', async () => {
    let content = recordOf('zeroth');
    let before = 'zeroth';
    for (const token of tokens) {
      const file = new RecordedFile(content);
      await writeInPlace(file.handle, recordOf(token));
      const seen = file.states.map(tokenIn);
      const at = seen.indexOf(token);
      expect(new Set(seen.slice(0, at))).toEqual(new Set([before]));
      expect(new Set(seen.slice(at))).toEqual(new Set([token]));
      content = file.content.toString();
      before = token;
      expect(content.length).toBeLessThan(2_000);
    }
    expect(content.split('\n').filter((line) => line !== '')).toHaveLength(1);
  });

  it('goes on after a process that was killed at any byte', async () => {
    const killed = new RecordedFile(recordOf('old'));
    await writeInPlace(killed.handle, recordOf('lost'));
    for (const state of killed.states) {
      const file = new RecordedFile(state);
      await writeInPlace(file.handle, recordOf('new'));
      expect(tokenIn(file.content.toString())).toBe('new');
    }
  });

  it('takes back what a full disk left unfinished', async () => {
    const old = recordOf('old');
    const file = new RecordedFile(old);
    file.failsAtByte = 40;
    await expect(writeInPlace(file.handle, recordOf('new'))).rejects.toThrow('ENOSPC');
    expect(file.content.toString()).toBe(old);
  });
});

describe('a file that is mounted by itself', () => {
  let directory: string;
  let path: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'mounted-'));
    path = join(directory, 'token.json');
    writeFileSync(path, '', { mode: 0o600 });
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it('may be empty at first, without being damaged', async () => {
    const store = new FileRefreshTokenStore({ path });
    expect(await store.load()).toBeUndefined();
    await store.save({ refreshToken: 'first', obtainedOnTimestamp: 1 }, undefined);
    expect((await store.load())?.value.refreshToken).toBe('first');
  });

  // A mount needs the rights of an administrator; a mount namespace gives them to the process in it.
  const program = `
    const { FileRefreshTokenStore } = await import('./lib/index.ts');
    const store = new FileRefreshTokenStore({ path: process.env.FILE });
    for (let n = 1; n <= Number(process.env.ROUNDS); n++) {
      await store.exclusive(async (access) => {
        const before = await access.load();
        await access.save({ refreshToken: 'token-' + ('x'.repeat(n % 7)) + '-' + n, obtainedOnTimestamp: n }, before?.version);
      });
      console.log('saved ' + n);
    }`;
  const inNamespace = (rounds: number): string[] => [
    '-rm',
    'sh',
    '-c',
    `mount --bind "$HOST" "$FILE" && ROUNDS=${rounds} exec node --import ./test/support/typescript.mjs --input-type=module -e "$PROGRAM"`,
  ];

  it('keeps the newest refresh token, also when its process is killed', async () => {
    const host = join(directory, 'host.json');
    writeFileSync(host, '', { mode: 0o600 });
    const env = { ...process.env, HOST: host, FILE: path, PROGRAM: program, NODE_OPTIONS: '' };
    const inode = statSync(host).ino;
    const child = spawn('unshare', inNamespace(100_000), { env, stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
    while (!output.includes('saved 30\n')) await once(child.stdout, 'data');
    child.kill('SIGKILL');
    await once(child, 'close');
    const confirmed = Number(/saved (\d+)\n$/.exec(output)?.[1]);
    const stored = newestRecord(readFileSync(host, 'utf8'), 'the file').value.obtainedOnTimestamp;
    expect([confirmed, confirmed + 1]).toContain(stored);
    expect(statSync(host).ino).toBe(inode);
    expect(readFileSync(path, 'utf8')).toBe('');
    const after = execFileSync('unshare', inNamespace(2), { env, encoding: 'utf8' });
    expect(after).toContain('saved 2');
    expect(newestRecord(readFileSync(host, 'utf8'), 'the file').value.obtainedOnTimestamp).toBe(2);
  });
});
