/** Lets rxjs, which rethrows from timers, and rejections have their turn. */
const later = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

/** Runs something, and returns what would have ended the process. */
export async function whatEndsTheProcess(run: () => void | Promise<void>): Promise<unknown[]> {
  const ends: unknown[] = [];
  const note = (reason: unknown): void => void ends.push(reason);
  const before = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', note).on('unhandledRejection', note);
  try {
    await run();
    await later();
  } finally {
    process.off('uncaughtException', note).off('unhandledRejection', note);
    for (const listener of before) process.on('uncaughtException', listener);
  }
  return ends;
}
