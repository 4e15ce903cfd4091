import { spawnSync } from 'node:child_process';

/** A Redis that takes access tokens as passwords, as options of its clients. */
export interface RedisServer {
  host: string;
  port: number;
  /** The certificate authority of a private one. Azure's own are known to Node.js. */
  tls?: { ca: string };
}

/** Whether the application has a Redis: on Azure where `REDIS_HOST` names it, on a desk where `redis-server` is installed. */
export function hasRedis({ PGHOST, REDIS_HOST }: NodeJS.ProcessEnv): boolean {
  return PGHOST
    ? Boolean(REDIS_HOST)
    : spawnSync('redis-server', ['--version'], { timeout: 5_000 }).status === 0;
}
