import type { OnApplicationBootstrap } from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';
import type { Observable, Subscription } from 'rxjs';

import { GuardedLogger, type LineLogger } from '../common/guarded-logger.js';
import { redactError } from '../common/redaction.js';
import type { TokenEvent } from '../engine/token-event.js';
import type { UserTokenEvent } from '../users/user-token-event.js';
import { findProvider } from './find-provider.js';

type ForwardedEvent = TokenEvent | UserTokenEvent;

/** The part of `EventEmitter2` that is used here. */
interface Emitter {
  emit(event: string, payload: ForwardedEvent): boolean;
}

/** Tells when the listeners of `@OnEvent()` are in place. */
interface ReadinessWatcher {
  waitUntilReady(): Promise<void>;
}

const mostKept = 1_000;

/**
 * Passes the events on to `@nestjs/event-emitter` as `entra.<type>`, when the application imports it. Events of the
 * boot wait until its listeners are in place.
 */
export class EventForwarding implements OnApplicationBootstrap {
  readonly #modules: ModulesContainer;
  readonly #logger: LineLogger;
  readonly #subscription: Subscription;
  #kept: ForwardedEvent[] = [];
  #emitter: Emitter | undefined;

  constructor(modules: ModulesContainer, events: Observable<ForwardedEvent>, logger: LineLogger) {
    this.#modules = modules;
    this.#logger = new GuardedLogger(logger);
    this.#subscription = events.subscribe((event) => {
      if (this.#emitter !== undefined) this.#forward(this.#emitter, event);
      else if (this.#kept.length < mostKept) this.#kept.push(event);
    });
  }

  /** Called by Nest. Does not wait for the listeners, which another module may hold up. */
  onApplicationBootstrap(): void {
    // The class of eventemitter2 is called EventEmitter.
    const names = ['EventEmitter2', 'EventEmitter'];
    const emitter = findProvider(this.#modules, names, ['emit', 'emitAsync', 'onAny']) as Emitter | undefined;
    if (emitter === undefined) {
      this.#kept = [];
      this.#subscription.unsubscribe();
      return;
    }
    const watcher = this.#watcher();
    const begin = (): void => this.#begin(emitter);
    void Promise.resolve(watcher?.waitUntilReady()).then(begin, begin);
  }

  #watcher(): ReadinessWatcher | undefined {
    const found = findProvider(this.#modules, ['EventEmitterReadinessWatcher'], ['waitUntilReady']);
    return found as ReadinessWatcher | undefined;
  }

  #begin(emitter: Emitter): void {
    const kept = this.#kept;
    this.#kept = [];
    this.#emitter = emitter;
    for (const event of kept) this.#forward(emitter, event);
  }

  #forward(emitter: Emitter, event: ForwardedEvent): void {
    const name = `entra.${event.type}`;
    try {
      emitter.emit(name, event);
    } catch (error) {
      this.#logger.error(`A listener to "${name}" threw: ${redactError(error).message}`);
    }
  }
}
