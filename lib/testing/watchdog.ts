import { spawn } from 'node:child_process';
import { watchdogScript } from './watchdog.script.js';

/** Cleans up after this process, even when it is killed with SIGKILL. */
export interface Watchdog {
  /** Has the directory removed, with everything in it, when this process ends or {@link Watchdog.close} is called. */
  removeDirectory(path: string): void;
  /** Has the process stopped (SIGINT, then SIGKILL after a grace) before any directory is removed. */
  stopProcess(pid: number): void;
  /** Cleans up now; resolves when processes are stopped, directories removed and the watchdog has ended. */
  close(): Promise<void>;
}

/**
 * Starts a small detached Node.js process that waits for its standard input to close. The operating system closes that
 * pipe however this process ends, so a crash, `process.exit` and `kill -9` are all covered.
 */
export function startWatchdog(): Watchdog {
  const child = spawn(process.execPath, ['-e', watchdogScript], {
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    // Inherited NODE_OPTIONS (loaders, inspectors, coverage) have no place in it.
    env: { ...process.env, NODE_OPTIONS: '' },
    windowsHide: true,
  });
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  // An EPIPE here means that the watchdog is gone already; `exited` tells.
  child.stdin.on('error', () => undefined);
  child.unref();
  // The pipe is a socket, and a socket that waits for nothing may still hold the event loop.
  const pipe: unknown = child.stdin;
  if (hasUnref(pipe)) pipe.unref();

  const send = (command: Record<string, string | number>): void => {
    child.stdin.write(`${JSON.stringify(command)}\n`);
  };
  return {
    removeDirectory: (path) => send({ removeDirectory: path }),
    stopProcess: (pid) => send({ stopProcess: pid }),
    close: async () => {
      child.ref();
      child.stdin.end();
      await exited;
    },
  };
}

function hasUnref(value: unknown): value is { unref(): void } {
  return typeof value === 'object' && value !== null && 'unref' in value && typeof value.unref === 'function';
}
