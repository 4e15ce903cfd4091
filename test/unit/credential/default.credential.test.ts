import { describe, expect, it } from '@jest/globals';

import type { ChainLink, LinkName } from '../../../lib/credential/default-chain/chain-link.js';
import {
  DefaultCredential,
  type ChainMemory,
} from '../../../lib/credential/default-chain/default.credential.js';
import type { AccessToken } from '../../../lib/entra/token-credential.js';
import { currentObservation, observationOf, observe } from '../../../lib/entra/wire-observation.js';

const scope = 'https://api.example/.default';
const token: AccessToken = { token: 't', expiresOnTimestamp: 1 };

interface Given extends Partial<ChainLink> {
  answers?: (() => AccessToken | null | Promise<AccessToken | null>)[];
  status?: number;
  uncached?: boolean;
}

/** A link whose credential answers one after another, and then with the last answer. */
function link(name: LinkName, given: Given = {}) {
  const { answers = [() => token], status, uncached, ...more } = given;
  const log = { made: 0, asked: 0 };
  const made: ChainLink = {
    name,
    title: name,
    decides: false,
    refusal: () => undefined,
    make: () => {
      log.made++;
      return Promise.resolve({
        isUncached: uncached,
        getToken: async (_: string | string[], options?: { abortSignal?: AbortSignal }) => {
          if (status !== undefined) observationOf(options?.abortSignal).statusCode = status;
          const answer = answers[Math.min(log.asked++, answers.length - 1)];
          return answer!();
        },
      } as never);
    },
    ...more,
  };
  return { link: made, log };
}

const failing = (message: string) => () => Promise.reject(new Error(message));

describe('the default chain', () => {
  it('asks in order, and stays with the link that gave a token, in new instances too', async () => {
    const off = link('environmentcredential', { refusal: () => ({ reason: 'not set', passing: false }) });
    const lost = link('managedidentitycredential', { answers: [failing('AADSTS700016: no')] });
    const cli = link('azureclicredential', { uncached: true });
    const later = link('azurepowershellcredential');
    const links = [off, lost, cli, later].map((one) => one.link);
    const memory: ChainMemory = {};
    const chain = new DefaultCredential(links, memory);
    expect(chain.isUncached).toBe(false);
    await expect(chain.getToken(scope)).resolves.toBe(token);
    expect(chain.isUncached).toBe(true);
    expect(memory.link).toBe('azureclicredential');
    await chain.getToken(scope);
    await new DefaultCredential(links, memory).getToken(scope);
    expect([off, lost, cli, later].map(({ log }) => [log.made, log.asked])).toEqual([
      [0, 0],
      [1, 1],
      [2, 3],
      [0, 0],
    ]);
  });

  it('does not settle behind a link that may give a token later', async () => {
    const busy = link('managedidentitycredential', { answers: [failing('busy'), () => token] });
    const cli = link('azureclicredential');
    const memory: ChainMemory = {};
    const chain = new DefaultCredential([busy.link, cli.link], memory);
    await chain.getToken(scope);
    expect(memory.link).toBeUndefined();
    await chain.getToken(scope);
    expect(memory.link).toBe('managedidentitycredential');
    expect([busy.log.asked, cli.log.asked, busy.log.made]).toEqual([2, 1, 1]);
  });

  it('ends with the error of a link that decides', async () => {
    const wrong = link('environmentcredential', { decides: true, answers: [failing('wrong secret')] });
    const cli = link('azureclicredential');
    const chain = new DefaultCredential([wrong.link, cli.link], {});
    await expect(chain.getToken(scope)).rejects.toThrow('wrong secret');
    expect(cli.log.asked).toBe(0);
  });

  it('ends with a line for each link when none gave a token', async () => {
    const nothing = link('managedidentitycredential', { answers: [() => null] });
    const lost = link('azureclicredential', { answers: [failing("run 'azd auth login'")] });
    const chain = new DefaultCredential([nothing.link, lost.link], {});
    const failure = expect(chain.getToken(scope)).rejects;
    await failure.toMatchObject({ code: 'ENTRA_CREDENTIAL_UNAVAILABLE', retryable: true });
    await expect(chain.getToken(scope)).rejects.toThrow('- managedidentitycredential: gave no token');
    await expect(chain.getToken(scope)).rejects.toThrow('- azureclicredential: not signed in');
  });

  it('makes a credential again that could not be made', async () => {
    let tries = 0;
    const make = (): never => {
      tries++;
      throw new Error('unused');
    };
    const broken = link('azureclicredential', { make: () => Promise.resolve().then(make) });
    const chain = new DefaultCredential([broken.link], {});
    await expect(chain.getToken(scope)).rejects.toThrow('unused');
    await expect(chain.getToken(scope)).rejects.toThrow('unused');
    expect(tries).toBe(2);
  });

  it('tells when the tool that gave tokens needs a new sign-in, and passes other errors on', async () => {
    const answers = [() => token, failing("Please run 'az login' from a prompt"), failing('busy')];
    const cli = link('azureclicredential', { signIn: 'Run `az login`', answers });
    const chain = new DefaultCredential([cli.link], {});
    await chain.getToken(scope);
    await expect(chain.getToken(scope)).rejects.toMatchObject({ code: 'ENTRA_REAUTHENTICATION_REQUIRED' });
    await expect(chain.getToken(scope)).rejects.toThrow(/^busy$/);
  });
});

describe('a call of the chain that is aborted', () => {
  it('asks no link', async () => {
    const cli = link('azureclicredential');
    const chain = new DefaultCredential([cli.link], {});
    const aborted = chain.getToken(scope, { abortSignal: AbortSignal.abort() });
    await expect(aborted).rejects.toMatchObject({ name: 'AbortError' });
    expect(cli.log.made).toBe(0);
  });

  it('while a link is asked does not blame the link', async () => {
    const controller = new AbortController();
    const fail = (): never => {
      controller.abort();
      throw new Error('cut off');
    };
    const wrong = link('environmentcredential', { decides: true, answers: [fail] });
    const chain = new DefaultCredential([wrong.link], {});
    await expect(chain.getToken(scope, { abortSignal: controller.signal })).rejects.toMatchObject({
      name: 'AbortError',
      message: 'The request was aborted.',
    });
  });
});

describe('what was seen on the wire', () => {
  it.each<[string, Given, Given, number | undefined]>([
    ['of the link that gave the token', { status: 404, answers: [failing('no')] }, { status: 200 }, 200],
    ['of no link before it', { status: 404, answers: [failing('no')] }, {}, undefined],
    ['of the link that decides', {}, {}, undefined],
  ])('is that %s', async (_, one, other, expected) => {
    const { signal } = new AbortController();
    const observation = observe(signal);
    const links = [link('managedidentitycredential', one), link('azureclicredential', other)];
    await new DefaultCredential(
      links.map((made) => made.link),
      {},
    ).getToken(scope, { abortSignal: signal });
    expect(observation.statusCode).toBe(expected);
    expect(currentObservation()).toBeUndefined();
  });

  it('is passed on with the error of a link that decides', async () => {
    const { signal } = new AbortController();
    const observation = observe(signal);
    const wrong = link('environmentcredential', { decides: true, status: 401, answers: [failing('no')] });
    const asked = new DefaultCredential([wrong.link], {}).getToken(scope, { abortSignal: signal });
    await expect(asked).rejects.toThrow('no');
    expect(observation.statusCode).toBe(401);
  });
});
