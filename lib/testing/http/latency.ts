// Imported, because a test's fake timers replace only the globals: the local Entra has to answer all the same.
import { clearTimeout, setTimeout } from 'node:timers';

/** Lets requests wait before they are answered. */
export class Latency {
  private readonly waiting = new Map<NodeJS.Timeout, () => void>();

  constructor(public inMs: number) {}

  /** Resolves after the latency of this moment. */
  async pass(): Promise<void> {
    if (this.inMs <= 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => {
        this.waiting.delete(timer);
        resolve();
      }, this.inMs);
      this.waiting.set(timer, resolve);
    });
  }

  /** Ends every wait; what is written then meets a closed socket. */
  stop(): void {
    for (const [timer, resolve] of this.waiting) {
      clearTimeout(timer);
      resolve();
    }
    this.waiting.clear();
  }
}
