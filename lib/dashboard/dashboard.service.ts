import { hostname } from 'node:os';

import { Logger, type OnModuleDestroy, type OnModuleInit, type Type } from '@nestjs/common';
import type { ModuleRef } from '@nestjs/core';

import { EntraOptionsError } from '../common/entra-auth.error.js';
import { GuardedLogger } from '../common/guarded-logger.js';
import { assemblyToken } from '../nest/entra-auth.module-definition.js';
import type { Assembly } from '../options/assemble.js';
import type { DashboardExtension } from './dashboard-extension.js';
import type { ResolvedDashboardOptions } from './dashboard.options.js';
import { ExtensionView } from './extension-view.js';
import { LiveDashboard } from './live-dashboard.js';

/** Finds what the dashboard shows in the application, and ends with it. */
export class DashboardService implements OnModuleInit, OnModuleDestroy {
  readonly #modules: ModuleRef;
  readonly #options: ResolvedDashboardOptions;
  #live: LiveDashboard | undefined;
  #extension: ExtensionView | undefined;

  constructor(modules: ModuleRef, options: ResolvedDashboardOptions) {
    this.#modules = modules;
    this.#options = options;
  }

  get live(): LiveDashboard {
    return started(this.#live);
  }

  get extension(): ExtensionView {
    return started(this.#extension);
  }

  /** Called by Nest, when every provider of the application is there. */
  onModuleInit(): void {
    const registration = 'Import EntraAuthModule.forRoot({ … }) in the same application.';
    const { engine, dataSources, options } = this.#find<Assembly>(assemblyToken, 'imports', registration);
    const { clock } = options;
    const fix = 'Add it to the providers of a module of the application.';
    const { extension: type, title, maxWatchers } = this.#options;
    const added: DashboardExtension = type === undefined ? {} : this.#find(type, 'extension', fix);
    const logger = new GuardedLogger(new Logger('EntraAuth'));
    const extension = new ExtensionView(added, clock, logger);
    const sources = {
      events: engine.events,
      state: () => engine.state(),
      logins: dataSources.logins,
      clock,
      extension,
    };
    this.#extension = extension;
    this.#live = new LiveDashboard(sources, { title, maxWatchers, instance: `${hostname()}:${process.pid}` });
  }

  /** Called by Nest before it waits for open connections. */
  onModuleDestroy(): void {
    this.#live?.close();
  }

  #find<T>(token: Type<T> | symbol, option: string, fix: string): T {
    try {
      return this.#modules.get<unknown, T>(token, { strict: false });
    } catch {
      throw new EntraOptionsError(option, `${nameOf(token)} is not registered`, fix);
    }
  }
}

function nameOf(token: Type<unknown> | symbol): string {
  return typeof token === 'symbol' ? 'EntraAuthModule' : token.name;
}

function started<T>(part: T | undefined): T {
  if (part === undefined) throw new Error('The dashboard has not started.');
  return part;
}
