/** A complete program in README.md: a js block right after `<!-- program: NAME -->`. */
export interface Program {
  readonly name: string;
  /** An ES module. */
  readonly source: string;
}

export function programsIn(markdown: string): Program[] {
  const programs = [...markdown.matchAll(/^<!-- program: ([\w-]+) -->\n+```js\n([^]*?)^```$/gm)].map(
    ([, name = '', source = '']) => ({ name, source }),
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
