/** Builds the pages and the reference of the API as a site into `site/dist`: `npm run docs:site`. */
import { spawnSync } from 'node:child_process';
import { cp, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { pagesOfSite } from '../site/navigation.mjs';
import { brokenLinks } from './site-links.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const site = join(root, 'site');
const pages = join(site, 'pages');
const built = join(site, 'dist');
const { values } = parseArgs({ options: { reference: { type: 'string' } } });

/** Runs a program in a folder, and ends where it fails. */
function run(folder, program, ...args) {
  const { status, error } = spawnSync(program, args, { cwd: folder, stdio: 'inherit' });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
}

/** Installs the generator, unless what its lock file names is installed already. */
async function install() {
  const time = async (file) => (await stat(join(site, file)).catch(() => undefined))?.mtimeMs ?? 0;
  if ((await time('node_modules/.package-lock.json')) >= (await time('package-lock.json'))) return;
  run(site, 'npm', 'ci', '--prefer-offline', '--no-audit', '--no-fund');
}

/** Shows a file that pages link to, as a page of its own. */
async function showFile(path) {
  const language = { '.ts': 'ts', '.yml': 'yaml', '.json': 'json' }[extname(path)];
  const text = await readFile(join(root, path), 'utf8');
  await write(`${path}.md`, `# ${path}\n\n\`\`\`${language}\n${text.trimEnd()}\n\`\`\`\n`);
}

async function write(path, text) {
  await mkdir(dirname(join(pages, path)), { recursive: true });
  await writeFile(join(pages, path), text);
}

/** Copies the pages, with the files that they show or link to. */
async function copyPages() {
  await rm(pages, { recursive: true, force: true });
  const inDocs = await readdir(join(root, 'docs'), { recursive: true, withFileTypes: true });
  const files = inDocs
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(root.length + 1));
  const missing = files.filter((file) => file.endsWith('.md') && !pagesOfSite.includes(file));
  if (missing.length > 0) throw new Error(`site/navigation.mjs does not name ${missing.join(', ')}.`);
  for (const page of pagesOfSite) {
    const text = await readFile(join(root, page), 'utf8');
    await write(page, text.replaceAll(/(\]\((?!\w+:)[^)#\s]+\.(ts|yml|json))\)/g, '$1.md)'));
  }
  for (const file of files) {
    if (/\.(ts|yml|json)$/.test(file)) await showFile(file);
    else if (!file.endsWith('.md')) await cp(join(root, file), join(pages, file), { recursive: true });
  }
}

await install();
await copyPages();
run(site, process.execPath, join(site, 'node_modules/vitepress/bin/vitepress.js'), 'build');
const reference = join(built, 'reference');
if (values.reference) await cp(values.reference, reference, { recursive: true });
else run(root, process.execPath, join(root, 'node_modules/typedoc/bin/typedoc'), '--out', reference);
const broken = await brokenLinks(built, process.env.SITE_BASE || '/');
if (broken.length > 0) throw new Error(`These lead nowhere:\n${broken.join('\n')}`);
