import { setTimeout as sleep } from 'node:timers/promises';

import type { Fault, LocalEntra } from 'nestjs-entra-auth/testing';

const megabyte = 'eyJ.'.repeat(262_144);

interface Candidate {
  fault: Fault;
  /** Shorter than others, because it has consequences after its end. */
  longestInMs?: number;
}

/** Everything that can happen to a request for a token, except for what cannot be survived. */
const candidates: readonly Candidate[] = [
  ...[500, 502, 503, 408, 429].map((status) => ({ fault: { kind: 'http-status', status } as const })),
  { fault: { kind: 'http-status', status: 429, retryAfter: 1 }, longestInMs: 400 },
  { fault: { kind: 'entra-error', code: 90033 } },
  { fault: { kind: 'entra-error', code: 90033, status: 200 } },
  { fault: { kind: 'connection-refused' } },
  { fault: { kind: 'connection-reset' } },
  { fault: { kind: 'hang-before-headers' }, longestInMs: 400 },
  { fault: { kind: 'hang-in-body' }, longestInMs: 400 },
  { fault: { kind: 'invalid-json' } },
  { fault: { kind: 'html-page' } },
  { fault: { kind: 'expired-token' } },
  { fault: { kind: 'wrong-audience' }, longestInMs: 400 },
  { fault: { kind: 'huge-token' } },
  { fault: { kind: 'same-token' } },
  { fault: { kind: 'string-numbers' } },
  { fault: { kind: 'cut-in-body' } },
  // Answers of every odd kind: without a body, of another form, too long, nested, with times that contradict the token.
  ...['', '""', '[]', 'null', '{}', '{"access_token":7}', `${'['.repeat(9_000)}${']'.repeat(9_000)}`].map(
    (body) => ({ fault: { kind: 'http-status', status: 200, body } as const }),
  ),
  ...[400, 500].map((status) => ({
    fault: {
      kind: 'http-status',
      status,
      body: { error: 'server_error', error_description: megabyte },
    } as const,
  })),
  { fault: { kind: 'html-page', status: 200 } },
  { fault: { kind: 'html-page', status: 503 } },
  ...[undefined, '', 'soon', 0, -1, 1, 1e12].map((expires_in) => ({
    fault: { kind: 'altered-response', members: { expires_in } } as const,
    longestInMs: 400,
  })),
];

/**
 * The lengths make 30 % of the time, and leave room for the promise: a token of 5 s is replaced at half of its life, so
 * a fault that lasts a second at most, with more than a second of rest after it, never keeps a valid token away.
 */
const faultInMs = { least: 300, most: 900 };
const restInMs = { least: 1_200, most: 1_600 };

/** Switches faults of the token endpoint on and off at random, until it is told to stop. */
export class RandomFaults {
  count = 0;
  readonly #stopping = new AbortController();

  /** @param random a number in [0, 1), from a seed, so that a run can be repeated */
  constructor(
    private readonly entra: LocalEntra,
    private readonly random: () => number,
  ) {}

  /** Resolves after {@link stop}, when no fault is left. */
  async run(): Promise<void> {
    try {
      for (;;) {
        await this.#wait(this.#between(restInMs));
        const { fault, longestInMs = Infinity } = this.#pick();
        const lengthInMs = Math.min(this.#between(faultInMs), longestInMs);
        this.count++;
        await this.entra.faults.set(this.random() < 0.5 ? 'token' : 'all', fault);
        await this.#wait(lengthInMs);
        await this.entra.faults.clear();
      }
    } catch (error) {
      if (!this.#stopping.signal.aborted) throw error;
    } finally {
      await this.entra.faults.clear();
    }
  }

  stop(): void {
    this.#stopping.abort();
  }

  #wait(durationInMs: number): Promise<void> {
    return sleep(durationInMs, undefined, { signal: this.#stopping.signal });
  }

  #pick(): Candidate {
    const [first = { fault: { kind: 'connection-reset' } as const }] = candidates;
    return candidates[Math.floor(this.random() * candidates.length)] ?? first;
  }

  #between({ least, most }: { least: number; most: number }): number {
    return least + this.random() * (most - least);
  }
}
