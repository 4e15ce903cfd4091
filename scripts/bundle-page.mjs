/** Makes one HTML text of a page, its style sheet and its TypeScript, for the library to hold as a string. */
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { build } from 'esbuild';

const target = ['chrome111', 'firefox115', 'safari16.4'];

/**
 * @param {string} path the HTML file; what `<link rel="stylesheet">` and `<script src>` name lies in its folder
 * @returns {Promise<string>} the page, whose style and script are inline
 */
export async function bundlePage(path) {
  const html = (await readFile(path, 'utf8')).replace(/<!--.*?-->\n?/gs, '').replace(/\n\s*/g, '\n');
  const inline = async (tag, file) => `<${tag}>${await bundled(join(dirname(path), file))}</${tag}>`;
  const [, styleSheet] = /<link rel="stylesheet" href="([\w.-]+)" \/>/.exec(html);
  const [, script] = /<script type="module" src="([\w.-]+)"><\/script>/.exec(html);
  const [style, program] = await Promise.all([inline('style', styleSheet), inline('script', script)]);
  return html
    .replace(/<link rel="stylesheet"[^>]*>/, () => style)
    .replace(/<script type="module"[^>]*><\/script>/, () => program);
}

/** @param {string} file */
async function bundled(file) {
  const options = {
    bundle: true,
    write: false,
    minify: true,
    format: 'iife',
    target,
    charset: 'utf8',
    tsconfigRaw: {},
  };
  const { outputFiles } = await build({ ...options, entryPoints: [file], logLevel: 'warning' });
  return outputFiles[0].text.trim();
}

/**
 * The files that a page is made of.
 *
 * @param {string} path the HTML file
 */
export async function filesOfPage(path) {
  const folder = dirname(path);
  return (await readdir(folder)).sort().map((name) => join(folder, name));
}

/** Lets the bundler of the library import a page as text. @type {import('rolldown').Plugin} */
export const pagePlugin = {
  name: 'page',
  load: {
    filter: { id: /\.html$/ },
    handler: async (id) => ({
      code: `export default ${JSON.stringify(await bundlePage(id))};`,
      moduleType: 'js',
      // A map would carry the page's text once more.
      map: { mappings: '' },
    }),
  },
};
