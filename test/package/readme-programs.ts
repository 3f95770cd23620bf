import { cpSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/**
 * A complete program in README.md or docs/: a js block right after `<!-- program: NAME -->`, or after
 * `<!-- program: NAME, on Node -->` where other runtimes lack what it uses.
 */
export interface Program {
  readonly name: string;
  /** An ES module. */
  readonly source: string;
  readonly onNodeOnly: boolean;
}

/** README.md, and every page in docs/, below the root of the repository. */
export function pages(root: string): string[] {
  const docs = readdirSync(path.join(root, 'docs')).filter((file) => file.endsWith('.md'));
  return ['README.md', ...docs.sort().map((file) => `docs/${file}`)];
}

/** The programs of all pages. */
export function documentedPrograms(root: string): Program[] {
  const programs = pages(root).flatMap((page) => programsIn(readFileSync(path.join(root, page), 'utf8')));
  const names = programs.map(({ name }) => name);
  const twice = names.filter((name, index) => names.indexOf(name) !== index);
  if (twice.length > 0) throw new Error(`Two programs have the name ${twice.join(', ')}`);
  return programs;
}

export function programsIn(markdown: string): Program[] {
  const programs = [...markdown.matchAll(/^<!-- program: ([\w-]+)(, on Node)? -->\n+```js\n([^]*?)^```$/gm)].map(
    ([, name = '', onNode, source = '']) => ({ name, source, onNodeOnly: onNode !== undefined }),
  );
  const markers = markdown.match(/<!-- program:/g)?.length ?? 0;
  if (markers !== programs.length) {
    throw new Error(
      `${markers - programs.length} of the ${markers} "<!-- program: NAME -->" have no js block after them`,
    );
  }
  return programs;
}

/** The same program as a CommonJS module: imports become require, and the rest runs in an async function. */
export function toCommonJs(source: string): string {
  const requires: string[] = [];
  const body = source.replace(
    /^import\s+(?:(\{[^}]*\}|\* as \w+|\w+)\s+from\s+)?(['"][^'"]+['"]);?$/gm,
    (_statement, names: string | undefined, specifier: string) => {
      const target = names?.replace(/^\* as /, '').replace(/\b(\w+) as (\w+)/g, '$1: $2');
      requires.push(`${target === undefined ? '' : `const ${target} = `}require(${specifier});`);
      return '';
    },
  );
  const left = /^\s*(?:import\s[^(]|export\s)|import\.meta/m.exec(body);
  if (left) throw new Error(`Cannot be made CommonJS: ${left[0].trim()}`);
  return `'use strict';\n${requires.join('\n')}\n\n(async () => {\n${body.trim()}\n})();\n`;
}

/** Optional peers that programs import: nothing of their own is needed for them. */
const FRAMEWORKS = ['birpc', 'vscode-jsonrpc'];

/** Puts the frameworks that programs use where the package is installed, as `root` has them. */
export function addFrameworks(root: string, directory: string): void {
  for (const name of FRAMEWORKS) {
    const [from, to] = [root, directory].map((each) => path.join(each, 'node_modules', name)) as [string, string];
    cpSync(from, to, { recursive: true });
  }
}
