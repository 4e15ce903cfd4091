import type { Socket } from 'node:net';
import type { ConnectionOptions } from 'node:tls';

import { EntraOptionsError } from '../common/entra-auth.error.js';
import { kindOf, shownChoice } from '../common/option-checks.js';
import { asError } from '../common/thrown.js';
import { bearerMessage, KafkaLogins, type KafkaLogin, type KafkaTokenSource } from './kafka-logins.js';
import { checkSocket, checkTls, type BrokerConnection } from './server-checks.js';
import { VerifiedSockets, type KafkaJsDestination } from './verified-sockets.js';

/** Options of `entraOauthBearer`. */
export interface EntraOauthBearerOptions<Client extends string = 'kafkajs' | 'confluent' | 'platformatic'> {
  /**
   * Which client the options are for: `kafkajs`, `@confluentinc/kafka-javascript` (its `kafkaJS` block) or
   * `@platformatic/kafka`.
   *
   * @default 'kafkajs'
   */
  client?: Client;
  /**
   * Name of a configured resource. Its scope names the namespace: `https://NAMESPACE.servicebus.windows.net/.default`.
   *
   * @default 'eventhubs'
   */
  resource?: string;
  /** What `node:tls` takes, such as `ca`. Not for `confluent`. @default the machine's certificate authorities */
  ssl?: ConnectionOptions;
}

/** What kafkajs hands to a login. */
interface LoginConversation {
  saslAuthenticate: (message: { request: { encode: () => Buffer } }) => Promise<unknown>;
}

/** Options for `new Kafka(…)` of kafkajs. */
export interface KafkaJsOauthBearer {
  /** TLS, which the token needs. */
  ssl: ConnectionOptions;
  /** How the client logs in, with the held token. */
  sasl: {
    mechanism: 'oauthbearer';
    /** Called by the client at each login. */
    authenticationProvider: (conversation: LoginConversation) => { authenticate: () => Promise<void> };
  };
  /** Makes each connection. The token goes over these alone. */
  socketFactory: (destination: KafkaJsDestination) => Socket;
}

/** Options for `new Kafka({ kafkaJS: … })` of `@confluentinc/kafka-javascript`. */
export interface ConfluentOauthBearer {
  /** TLS, which the token needs. */
  ssl: true;
  /** How the client logs in, with the held token. */
  sasl: {
    mechanism: 'oauthbearer';
    /** Called by the client at each login. */
    oauthBearerProvider: () => Promise<KafkaLogin>;
  };
}

type SendToken = (connection: never, message: Buffer, callback: never) => unknown;

/** Options for each class of `@platformatic/kafka`. */
export interface PlatformaticOauthBearer {
  /** TLS, which the token needs. */
  tls: ConnectionOptions;
  /** How the client logs in, with the held token. */
  sasl: {
    mechanism: 'OAUTHBEARER';
    /** Called by the client at each login. */
    authenticate: (
      mechanism: string,
      connection: BrokerConnection,
      send: SendToken,
      username: unknown,
      password: unknown,
      token: unknown,
      callback: (error: Error | null, response: never) => void,
    ) => void;
  };
}

/**
 * Options that log a Kafka client in to Azure Event Hubs with an access token, at each connection and each
 * re-authentication, over verified TLS. While a valid token is held, no login waits or fails for want of one.
 *
 * @param tokens whose token is sent
 * @param options which client, and of which resource
 * @returns options to spread into those of the client
 * @throws {UnknownResourceError} at once, for a name that is not configured
 * @throws {EntraOptionsError} for an unknown client, and for TLS that is not verified
 * @see https://learn.microsoft.com/azure/event-hubs/authenticate-application
 */
export function entraOauthBearer(
  tokens: KafkaTokenSource,
  options?: EntraOauthBearerOptions<'kafkajs'>,
): KafkaJsOauthBearer;
export function entraOauthBearer(
  tokens: KafkaTokenSource,
  options: EntraOauthBearerOptions<'confluent'> & { ssl?: never },
): ConfluentOauthBearer;
export function entraOauthBearer(
  tokens: KafkaTokenSource,
  options: EntraOauthBearerOptions<'platformatic'>,
): PlatformaticOauthBearer;
export function entraOauthBearer(
  tokens: KafkaTokenSource,
  { client = 'kafkajs', resource = 'eventhubs', ssl = {} }: EntraOauthBearerOptions = {},
): KafkaJsOauthBearer | ConfluentOauthBearer | PlatformaticOauthBearer {
  const logins = new KafkaLogins(tokens, resource);
  checkTls(ssl);
  switch (client) {
    case 'kafkajs':
      return forKafkaJs(logins, ssl);
    case 'confluent':
      return forConfluent(logins, ssl);
    case 'platformatic':
      return forPlatformatic(logins, ssl);
    default:
      throw new EntraOptionsError(
        'client',
        shownChoice(client),
        "Write 'kafkajs', 'confluent' or 'platformatic'.",
      );
  }
}

/** By an authenticator of its own: the `oauthBearerProvider` of kafkajs cannot tell which connection it is for. */
function forKafkaJs(logins: KafkaLogins, ssl: ConnectionOptions): KafkaJsOauthBearer {
  const sockets = new VerifiedSockets();
  return {
    ssl,
    sasl: {
      mechanism: 'oauthbearer',
      authenticationProvider: ({ saslAuthenticate }) => ({
        authenticate: async () =>
          sockets.send(bearerMessage(await logins.current()), (bytes) =>
            saslAuthenticate({ request: { encode: () => withLength(bytes) } }),
          ),
      }),
    },
    socketFactory: sockets.connect,
  };
}

function withLength(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/** The client verifies TLS by librdkafka, and shows nothing of it. */
function forConfluent(logins: KafkaLogins, ssl: ConnectionOptions): ConfluentOauthBearer {
  if (Object.keys(ssl).length > 0) {
    throw new EntraOptionsError('ssl', kindOf(ssl), 'Give "ssl.ca.location" to the client instead.');
  }
  return {
    ssl: true,
    sasl: { mechanism: 'oauthbearer', oauthBearerProvider: () => logins.current() },
  };
}

/** By an authenticator of its own: the option `token` of the client cannot tell which connection it is for. */
function forPlatformatic(logins: KafkaLogins, ssl: ConnectionOptions): PlatformaticOauthBearer {
  const loginMessage = async (connection: BrokerConnection): Promise<Buffer> => {
    checkSocket(connection);
    return bearerMessage(await logins.current());
  };
  return {
    tls: ssl,
    sasl: {
      mechanism: 'OAUTHBEARER',
      authenticate: (_mechanism, connection, send, _username, _password, _token, callback) => {
        loginMessage(connection).then(
          (message) => send(connection as never, message, callback as never),
          (error: unknown) => callback(asError(error), undefined as never),
        );
      },
    },
  };
}
