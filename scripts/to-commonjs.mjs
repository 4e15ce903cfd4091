/**
 * Makes CommonJS of bundled ES modules that import nothing but Node.js and each other. Each import becomes a constant, where
 * a general tool looks up a property, by way of a function, at each use.
 *
 * @param {string} code as the bundler prints it: a line for each import, and the exports in one
 * @param {(code: string) => Promise<string>} compact
 */
export async function toCommonJs(code, compact) {
  const loads = [];
  const exports = [];
  const body = code
    .replace(/^import (?:(\w+|\* as \w+|\{[^}]*\}) from )?("[^"\n]+");$/gm, (_, names, from) => {
      loads.push(names === undefined ? `require(${from});` : `const ${bound(names)}=require(${from});`);
      return '';
    })
    .replace(/^export \{([^}]*)\};$/m, (_, names) => {
      exports.push(...names.split(',').map(assigned));
      return '';
    })
    .replace(/\bimport\(("[^"\n]+")\)/g, 'Promise.resolve().then(() => require($1))');
  if (/^(import|export)\b/m.test(body)) throw new Error('An import or an export was not understood.');
  return ['"use strict";', ...loads, await compact(body), ...exports, ''].join('\n');
}

/** `{ a as b, c }`, `* as all` or `all`, as the pattern of a declaration. Node.js exports by default what it exports. */
function bound(names) {
  return names.startsWith('{')
    ? names.replaceAll(' as ', ':').replace(/\s+/g, '')
    : names.replace('* as ', '');
}

function assigned(name) {
  const [local, exported = local] = name.trim().split(' as ');
  return `exports.${exported}=${local};`;
}

/** Constants would be read before they are there, if files came to import each other at once. */
export function refuseCircles(chunks) {
  const imports = new Map(chunks.map((chunk) => [chunk.fileName, chunk.imports]));
  const visit = (file, path) => {
    if (path.includes(file)) throw new Error(`Files import each other: ${[...path, file].join(', ')}`);
    for (const imported of imports.get(file) ?? []) visit(imported, [...path, file]);
  };
  for (const file of imports.keys()) visit(file, []);
}
