import type { ModulesContainer } from '@nestjs/core';
import type { HealthIndicatorResult } from '@nestjs/terminus';

import { findProvider } from '../find-provider.js';

/** `up` and `down`, with Terminus 12 also `degraded`: it serves, and a person should look. */
export type EntraHealthStatus = HealthIndicatorResult[string]['status'];

/** What Terminus 11 and 12 take as the result of an indicator. */
export type EntraHealthResult<K extends string, T extends object> = Record<
  K,
  { status: EntraHealthStatus } & T
>;

/**
 * The status of what serves although something is wrong. Terminus 11 leaves out a result with any other status than `up`
 * and `down`.
 */
export function impairedStatus(modules: ModulesContainer | undefined): EntraHealthStatus {
  const service = modules && findProvider(modules, ['HealthIndicatorService'], ['check']);
  if (service === undefined) return 'up';
  const indicator: unknown = (service as { check(key: string): unknown }).check('entra');
  const knows = typeof indicator === 'object' && indicator !== null && 'degraded' in indicator;
  return knows ? 'degraded' : 'up';
}

/** What several parts must be repaired by, each once; absent when nothing is wrong. */
export function remedyOfAll(remedies: readonly (string | undefined)[]): { remedy?: string } {
  const distinct = [...new Set(remedies.filter((remedy) => remedy !== undefined))];
  return distinct.length === 0 ? {} : { remedy: distinct.join(' ') };
}
