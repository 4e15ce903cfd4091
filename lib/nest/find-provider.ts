import type { ModulesContainer } from '@nestjs/core';

/**
 * Finds the instance of an optional package's class in the application, by the name of the class and its methods: an
 * import would need the package, and could be of another copy than the application's.
 */
export function findProvider(
  modules: ModulesContainer,
  classNames: readonly string[],
  methods: readonly string[],
): object | undefined {
  for (const { providers } of modules.values()) {
    for (const [token, wrapper] of providers) {
      if (typeof token !== 'function' || !classNames.includes(token.name)) continue;
      const instance: unknown = wrapper.instance;
      if (typeof instance !== 'object' || instance === null) continue;
      if (methods.every((method) => typeof Reflect.get(instance, method) === 'function')) return instance;
    }
  }
  return undefined;
}
