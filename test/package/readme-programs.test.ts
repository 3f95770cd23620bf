import { node } from '../support/children';
import { root } from './npm';
import { documentedPrograms, programsIn, toCommonJs } from './readme-programs';

const markdown = `
# Title

<!-- program: first -->

\`\`\`js
import { b } from 'a';
b();
\`\`\`

\`\`\`js
not.a.program();
\`\`\`

<!-- program: second-one, on Node -->
\`\`\`js
await 1;
\`\`\`
`;

test('programs are the js blocks after a marker', () => {
  expect(programsIn(markdown)).toEqual([
    { name: 'first', source: "import { b } from 'a';\nb();\n", onNodeOnly: false },
    { name: 'second-one', source: 'await 1;\n', onNodeOnly: true },
  ]);
});

test('a marker without its block is an error', () => {
  expect(() => programsIn('<!-- program: x -->\n\nText\n\n```js\nx();\n```\n')).toThrow('1 of the 1');
});

test('README.md and docs/ have programs, each with a name of its own', () => {
  expect(documentedPrograms(root).length).toBeGreaterThanOrEqual(9);
});

test('the CommonJS form runs and does the same', async () => {
  const source = [
    "import path from 'node:path';",
    "import * as fs from 'node:fs';",
    "import 'node:os';",
    "import {\n  setImmediate as turn,\n  setTimeout,\n} from 'node:timers/promises';",
    '',
    'await turn();',
    'console.log(path.sep, typeof fs.readFileSync, typeof setTimeout, typeof (await import("node:net")).connect);',
  ].join('\n');
  const commonJs = toCommonJs(source);
  expect(commonJs).not.toMatch(/^import/m);
  expect((await node(commonJs).succeeded()).stdout).toBe('/ function function function\n');
});

test('a CommonJS program that fails ends with an exit code', async () => {
  expect((await node(toCommonJs("await Promise.reject(new Error('no'));")).finished).code).toBe(1);
});

test('what has no CommonJS form is an error', () => {
  expect(() => toCommonJs('console.log(import.meta.url);')).toThrow('import.meta');
  expect(() => toCommonJs('export const a = 1;')).toThrow('export');
});
