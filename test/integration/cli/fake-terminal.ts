import type { Clock } from 'nestjs-entra-auth';

import type { Terminal } from '../../../lib/cli/discreet-terminal.js';

/** A terminal that remembers what it was told. */
export class FakeTerminal implements Terminal {
  stdout = '';
  stderr = '';
  input = '';
  inputIsTyped = false;
  now = Date.now;
  clock: Clock | undefined;

  constructor(readonly env: Readonly<Record<string, string | undefined>> = {}) {}

  out(text: string): void {
    this.stdout += text;
  }

  err(text: string): void {
    this.stderr += text;
  }

  readInput(): Promise<string> {
    return Promise.resolve(this.input);
  }
}
