import { reconnectNow, type RedisClient } from './redis-client.js';

const kinds = ['message', 'pmessage', 'smessage'] as const;
const subscriptions = ['subscribe', 'psubscribe', 'ssubscribe'] as const;

/** A message, as ioredis emits it: `kind` with texts, and `kind` + `Buffer` with bytes. */
interface Message {
  kind: (typeof kinds)[number];
  /** Bytes, but for the pattern, which is a text always. */
  parts: (Buffer | string)[];
}

/** What is used of a client that has subscribed. */
export interface SubscribedClient extends RedisClient {
  condition?: { subscriber?: false | { channels(kind: string): string[] } };
  once(event: string, listener: () => void): unknown;
  off(event: string, listener: (...args: never[]) => void): unknown;
  ping(): Promise<unknown>;
  subscribe(...channels: string[]): Promise<unknown>;
  psubscribe(...patterns: string[]): Promise<unknown>;
  ssubscribe(...channels: string[]): Promise<unknown>;
}

/**
 * Connects a subscriber of RESP2 anew without losing a message: a second subscriber receives what arrives meanwhile.
 * PING tells when a connection has received all that was published before.
 */
export async function handOver(client: SubscribedClient): Promise<void> {
  const standIn = client.duplicate({ retryStrategy: null } as never) as SubscribedClient;
  standIn.on('error', () => undefined);
  let hasClosed = false;
  const onClose = (): void => void (hasClosed = true);
  client.once('close', onClose);
  const own = record(client);
  const others = record(standIn);
  try {
    await subscribeAlike(standIn, client);
    // The connection has ended meanwhile, and the client connects anew by itself.
    if (hasClosed) return;
    const ready = reconnected(client);
    await closed(client);
    await standIn.ping();
    own.stop();
    const { later: missed } = withoutOverlap(own.messages, others.messages);
    others.passOn((message) => deliver(client, message), missed);
    await ready;
    await handBack(client, standIn, others);
  } finally {
    client.off('close', onClose);
    own.stop();
    others.stop();
    standIn.disconnect();
  }
}

/** Lets the client go on where the other one stops. */
async function handBack(
  client: SubscribedClient,
  standIn: SubscribedClient,
  others: Recording,
): Promise<void> {
  const own = holdBack(client);
  try {
    others.passOn(undefined, []);
    await client.ping();
    await standIn.ping();
    others.stop();
    await client.ping();
  } finally {
    own.release();
    const { earlier: missed } = withoutOverlap(others.messages, own.messages);
    for (const message of [...missed, ...own.messages]) deliver(client, message);
  }
}

interface Recording {
  /** What has arrived, and was not passed on. */
  messages: Message[];
  /** Passes these messages on, and all that follow; without a receiver they are recorded again. */
  passOn(receiver: ((message: Message) => void) | undefined, first: readonly Message[]): void;
  stop(): void;
}

function record(client: SubscribedClient): Recording {
  let receive: ((message: Message) => void) | undefined;
  const listeners = kinds.map((kind) => {
    const listener = (...parts: (Buffer | string)[]): void => {
      if (receive === undefined) recording.messages.push({ kind, parts });
      else receive({ kind, parts });
    };
    client.on(`${kind}Buffer`, listener);
    return [`${kind}Buffer`, listener] as const;
  });
  const recording: Recording = {
    messages: [],
    passOn: (receiver, first) => {
      recording.messages = [];
      receive = receiver;
      for (const message of first) receiver?.(message);
    },
    stop: () => listeners.forEach(([event, listener]) => client.off(event, listener)),
  };
  return recording;
}

/** Keeps messages from the listeners of a client. */
function holdBack(client: SubscribedClient): { messages: Message[]; release(): void } {
  const messages: Message[] = [];
  const emit = client.emit.bind(client);
  client.emit = (event, ...args) => {
    const kind = kinds.find((one) => event === one || event === `${one}Buffer`);
    if (kind === undefined) return emit(event, ...args);
    if (event !== kind) messages.push({ kind, parts: args as (Buffer | string)[] });
    return true;
  };
  return { messages, release: () => delete (client as Partial<SubscribedClient>).emit };
}

function deliver(client: SubscribedClient, { kind, parts }: Message): void {
  client.emit(kind, ...parts.map(String));
  client.emit(`${kind}Buffer`, ...parts);
}

async function subscribeAlike(standIn: SubscribedClient, client: SubscribedClient): Promise<void> {
  const { subscriber } = client.condition ?? {};
  if (!subscriber) return;
  for (const kind of subscriptions) {
    const channels = subscriber.channels(kind);
    if (channels.length > 0) await standIn[kind](...channels);
  }
}

/**
 * What only one of two recordings has, of which the end of the first is the beginning of the second. Each kind is compared
 * by itself, since a connection subscribes to one after the other.
 */
function withoutOverlap(
  earlier: readonly Message[],
  later: readonly Message[],
): { earlier: Message[]; later: Message[] } {
  const only = { earlier: new Set(earlier), later: new Set(later) };
  for (const kind of kinds) {
    const ofKind = (message: Message): boolean => message.kind === kind;
    const [before, after] = [earlier.filter(ofKind), later.filter(ofKind)];
    const count = overlap(before, after);
    for (const message of before.slice(before.length - count)) only.earlier.delete(message);
    for (const message of after.slice(0, count)) only.later.delete(message);
  }
  return { earlier: [...only.earlier], later: [...only.later] };
}

/** How many messages at the end of one list are the first ones of another. */
function overlap(earlier: readonly Message[], later: readonly Message[]): number {
  for (let count = Math.min(earlier.length, later.length); count > 0; count--) {
    const offset = earlier.length - count;
    if (later.slice(0, count).every((message, index) => same(message, earlier[offset + index]))) return count;
  }
  return 0;
}

function same(one: Message, other: Message | undefined): boolean {
  if (one.kind !== other?.kind || one.parts.length !== other.parts.length) return false;
  return one.parts.every((part, index) => Buffer.from(part).equals(Buffer.from(other.parts[index] ?? '')));
}

function closed(client: SubscribedClient): Promise<void> {
  return new Promise((resolve) => {
    client.once('close', resolve);
    reconnectNow(client);
  });
}

/** @throws Error when the client has ended for good */
function reconnected(client: SubscribedClient): Promise<void> {
  const ready = new Promise<void>((resolve, reject) => {
    const onReady = (): void => {
      client.off('end', onEnd);
      resolve();
    };
    const onEnd = (): void => {
      client.off('ready', onReady);
      reject(new Error('The client has ended.'));
    };
    client.once('ready', onReady);
    client.once('end', onEnd);
  });
  ready.catch(() => undefined);
  return ready;
}
