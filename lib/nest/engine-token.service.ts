import type { Observable } from 'rxjs';

import type { EntraAuthError } from '../common/entra-auth.error.js';
import type { TokenEngine } from '../engine/token-engine.js';
import type { TokenEvent } from '../engine/token-event.js';
import type { TokenState } from '../engine/token-state.js';
import type { AccessToken, GetTokenOptions } from '../entra/token-credential.js';
import { EntraTokenService } from './entra-token.service.js';

/** The token service of an application: its engine, started and stopped by Nest. */
export class EngineTokenService extends EntraTokenService {
  readonly #engine: TokenEngine;

  constructor(engine: TokenEngine) {
    super();
    this.#engine = engine;
  }

  override get events(): Observable<TokenEvent> {
    return this.#engine.events;
  }

  override getToken(resourceOrScopes: string | string[], options?: GetTokenOptions): Promise<AccessToken> {
    return this.#engine.getToken(resourceOrScopes, options);
  }

  override invalidate(rejected: AccessToken | string): void {
    this.#engine.invalidate(rejected);
  }

  override reportRefusedLogin(resource: string, error: EntraAuthError): void {
    this.#engine.reportRefusedLogin(resource, error);
  }

  override refresh(resource: string): Promise<AccessToken> {
    return this.#engine.refresh(resource);
  }

  override state(resource?: string): TokenState[] {
    return this.#engine.state(resource);
  }

  override passwordProvider(resource?: string): () => Promise<string> {
    return this.#engine.passwordProvider(resource);
  }

  override onModuleInit(): Promise<void> {
    return this.#engine.start();
  }

  override onApplicationShutdown(): Promise<void> {
    return this.#engine.stop();
  }
}
