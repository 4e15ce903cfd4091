/** Makes JavaScript of one TypeScript file, without checking its types. */
import { transform } from 'esbuild';

/** What marks a class whose constructor Nest reads, or whose properties a validator reads. */
const decorator = /^\s*@[A-Z]\w*\(/m;

/** @type {import('esbuild').TransformOptions} */
const options = {
  loader: 'ts',
  format: 'esm',
  target: 'node20.19',
  sourcemap: true,
  tsconfigRaw: { compilerOptions: { experimentalDecorators: true, useDefineForClassFields: true } },
};

/**
 * @param {string} source
 * @param {string} path the name of the file in the source map
 * @param {{ metadata?: boolean }} [needs] whether decorators need the types that they stand at; as the file tells
 * @returns {Promise<{ code: string, map: string }>}
 */
export async function transpile(source, path, { metadata = decorator.test(source) } = {}) {
  return metadata ? withMetadata(source, path) : transform(source, { ...options, sourcefile: path });
}

/** By the compiler, which alone emits the types for decorators, and which takes half a second to load. */
async function withMetadata(source, path) {
  const { default: ts } = await import('typescript');
  const { outputText, sourceMapText } = ts.transpileModule(source, {
    fileName: path,
    compilerOptions: {
      module: ts.ModuleKind.ESNext,
      target: ts.ScriptTarget.ES2023,
      experimentalDecorators: true,
      emitDecoratorMetadata: true,
      esModuleInterop: true,
      isolatedModules: true,
      sourceMap: true,
      inlineSources: true,
    },
  });
  return { code: outputText.replace(/\n\/\/# sourceMappingURL=.*\s*$/, '\n'), map: sourceMapText };
}
