import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';

import { describe, expect, it } from '@jest/globals';

import { startLocalEntra } from '../../../lib/testing/index.js';
import { describeWithRedis } from '../../support/redis/local-redis.js';

/** Sockets of TCP that listen, by inode, as `address:port` in the kernel's hexadecimal. */
function listeningSockets(): Map<string, string> {
  const tables = ['/proc/net/tcp', '/proc/net/tcp6'].filter((table) => existsSync(table));
  const rows = tables.flatMap((table) => readFileSync(table, 'utf8').trim().split('\n').slice(1));
  const cells = rows.map((row) => row.trim().split(/\s+/)).filter(([, , , state]) => state === '0A');
  return new Map(cells.map((row) => [row[9] ?? '', row[1] ?? '']));
}

/** This process and all that it has started. */
function family(): number[] {
  const parents = new Map<number, number>();
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const parent = /^PPid:\s+(\d+)$/m.exec(readOrNothing(`/proc/${pid}/status`))?.[1];
    if (parent !== undefined) parents.set(Number(pid), Number(parent));
  }
  const found = [process.pid];
  for (const one of found) for (const [pid, parent] of parents) if (parent === one) found.push(pid);
  return found;
}

/** Reads of a process what may be gone meanwhile. */
function attempt<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch {
    return otherwise;
  }
}

const readOrNothing = (file: string): string => attempt(() => readFileSync(file, 'utf8'), '');

/** What a process holds open. */
function openFiles(pid: number): string[] {
  const directory = `/proc/${pid}/fd`;
  const descriptors = attempt(() => readdirSync(directory), []);
  return descriptors.map((one) => attempt(() => readlinkSync(`${directory}/${one}`), ''));
}

function addressesOfFamily(): string[] {
  const sockets = listeningSockets();
  const inodes = family()
    .flatMap(openFiles)
    .map((file) => /^socket:\[(\d+)\]$/.exec(file)?.[1] ?? '');
  return [...new Set(inodes)].flatMap((inode) => sockets.get(inode) ?? []);
}

const loopback = '0100007F';
const portOf = (url: string): number => Number(new URL(url).port);
const describeOnLinux = process.platform === 'linux' ? describeWithRedis : describe.skip;

describeOnLinux('every server of the kit', () => {
  it('listens on the loopback interface alone', async () => {
    await using entra = await startLocalEntra({ postgres: { pooler: true }, redis: true });
    const { authorityHost, graphUrl, imdsUrl, appService, postgres, redis } = entra;
    const ports = [authorityHost, graphUrl, imdsUrl, appService.endpoint].map(portOf);
    ports.push(postgres.port, postgres.poolerPort, redis.port);
    const expected = ports.map((port) => `${loopback}:${port.toString(16).toUpperCase().padStart(4, '0')}`);
    const addresses = addressesOfFamily();
    expect(new Set(expected).size).toBe(7);
    expect(addresses).toEqual(expect.arrayContaining(expected));
    expect(addresses.filter((address) => !address.startsWith(`${loopback}:`))).toEqual([]);
  });
});
