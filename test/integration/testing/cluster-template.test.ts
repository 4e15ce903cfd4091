import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ClusterTemplate } from '../../../lib/testing/postgres/cluster/cluster.template.js';
import { makeWorkDirectory } from '../../../lib/testing/postgres/cluster/work-directory.js';

describe('The template of the local PostgreSQL', () => {
  const callersDirectory = process.env.TMPDIR;
  let temporary: string;
  let announced: string[];

  beforeEach(() => {
    temporary = mkdtempSync(join(tmpdir(), 'cluster-template-'));
    process.env.TMPDIR = temporary;
    announced = [];
    mkdirSync(join(temporary, 'made', 'base'), { recursive: true });
    writeFileSync(join(temporary, 'made', 'PG_VERSION'), '18\n', { mode: 0o600 });
    writeFileSync(join(temporary, 'made', 'base', '1'), 'a page', { mode: 0o600 });
  });
  afterEach(() => {
    if (callersDirectory === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = callersDirectory;
    rmSync(temporary, { recursive: true, force: true });
  });

  const templateFor = (version = 'postgres (PostgreSQL) 18.4', statement = 'SELECT 1') =>
    new ClusterTemplate(
      {
        version,
        arguments: ['--encoding=UTF8'],
        scripts: [{ database: 'postgres', statements: [statement] }],
      },
      (path) => announced.push(path),
      temporary,
    );
  const made = () => join(temporary, 'made');
  const copy = () => join(temporary, 'copy');
  const names = () => readdirSync(temporary).filter((name) => name.startsWith('local-entra-postgres-'));

  it('is a copy of the first cluster, and every later cluster a copy of it', () => {
    const template = templateFor();
    expect(template.copyTo(copy(), {})).toBe(false);
    expect(existsSync(copy())).toBe(false);
    template.keep(made());
    expect(templateFor().copyTo(copy(), {})).toBe(true);
    expect(readFileSync(join(copy(), 'base', '1'), 'utf8')).toBe('a page');
    expect(readdirSync(copy()).sort()).toEqual(['PG_VERSION', 'base']);
    expect(statSync(copy()).mode & 0o777).toBe(0o700);
    expect(statSync(template.path).mode & 0o777).toBe(0o700);
  });

  it('appears as a whole, and only once, however many make it', () => {
    const [one, other] = [templateFor(), templateFor()];
    one.keep(made());
    const { ino } = statSync(one.path);
    other.keep(made());
    expect(statSync(one.path).ino).toBe(ino);
    expect(names()).toHaveLength(1);
    expect(announced.every((path) => !existsSync(path))).toBe(true);
  });

  it('is another one for another version or other statements', () => {
    templateFor().keep(made());
    expect(templateFor('postgres (PostgreSQL) 17.1').copyTo(copy(), {})).toBe(false);
    expect(templateFor(undefined, 'SELECT 2').copyTo(copy(), {})).toBe(false);
  });

  it('is not used when another user could have written it', () => {
    const template = templateFor();
    template.keep(made());
    chmodSync(template.path, 0o770);
    expect(template.copyTo(copy(), {})).toBe(false);
    chmodSync(template.path, 0o700);
    if (process.getuid?.() === 0) {
      chownSync(template.path, 65534, 65534);
      expect(template.copyTo(copy(), {})).toBe(false);
    }
    rmSync(template.path, { recursive: true });
    symlinkSync(made(), template.path);
    expect(template.copyTo(copy(), {})).toBe(false);
    template.keep(made());
    expect(existsSync(copy())).toBe(false);
  });

  it('is made anew when something has taken files of it', () => {
    const template = templateFor();
    template.keep(made());
    rmSync(join(template.path, 'base', '1'));
    expect(template.copyTo(copy(), {})).toBe(false);
    expect([template.path, copy()].some((path) => existsSync(path))).toBe(false);
    template.keep(made());
    expect(template.copyTo(copy(), {})).toBe(true);
  });

  it('is copied to memory, unless TMPDIR names another place or programs have to run there', () => {
    const parent = (place: 'memory' | 'disk') => {
      const path = makeWorkDirectory({}, () => undefined, place);
      rmSync(path, { recursive: true });
      return join(path, '..');
    };
    expect(parent('memory')).toBe(tmpdir());
    delete process.env.TMPDIR;
    expect(parent('memory')).toBe(existsSync('/dev/shm') ? '/dev/shm' : tmpdir());
    expect(parent('disk')).toBe(tmpdir());
  });
});
