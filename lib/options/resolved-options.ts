import type { EngineSettings } from '../engine/engine-settings.js';
import type { ResolvedDataSource } from '../postgres/resolve-data-source.js';

/** The module's options after defaults and checks: the only form that the rest of the package sees. */
export interface ResolvedOptions extends EngineSettings {
  dataSources: ReadonlyMap<string, ResolvedDataSource>;
}
