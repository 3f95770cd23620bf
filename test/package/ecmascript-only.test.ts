import { lint } from './lint';

// The model of the kernel runs wherever ECMAScript does; pack.slow.ts runs it so.

const RULES = ['no-undef', 'no-restricted-imports', 'no-restricted-syntax'];
const IMPORTS = 'The model of the kernel also runs in a browser: it imports nothing but itself.';

test('lint reports globals of Node and of browsers in the model of the kernel', async () => {
  const names = [
    'process',
    'Buffer',
    'require',
    'setImmediate',
    'setTimeout',
    'console',
    'TextEncoder',
    'URL',
    'document',
  ];
  const source = names.map((name) => `export const of_${name} = ${name};`).join('\n');
  const expected = names.map((name) => `'${name}' is not defined.`);
  expect(
    await lint(RULES, {
      'packages/binding-model/kernel/a.ts': source,
      'packages/binding-model/timeline/a.ts': source,
      'packages/binding-model/a.ts': source,
    }),
  ).toEqual({
    'packages/binding-model/kernel/a.ts': expected,
    'packages/binding-model/timeline/a.ts': expected,
    'packages/binding-model/a.ts': [],
  });
});

test('lint reports imports from anywhere else, in every form', async () => {
  const imports = [
    "import 'node:fs';",
    "import type { Stats } from 'fs'; export type A = Stats;",
    "export * from 'eventemitter3';",
    "export { OwnedFd } from '../../binding';",
    "import { Random } from '../random'; new Random(1);",
    "import { x } from '../kernels'; x();",
    "import { y } from '..'; y();",
  ];
  const files = Object.fromEntries(imports.map((line, index) => [`packages/binding-model/kernel/a${index}.ts`, line]));
  const reports = await lint(RULES, files);
  expect(Object.values(reports).map(([report]) => report)).toEqual(
    imports.map(() => expect.stringContaining(IMPORTS) as string),
  );
  expect(await lint(RULES, { 'packages/binding-model/kernel/a.ts': "void import('./limits');" })).toEqual({
    'packages/binding-model/kernel/a.ts': ['The model of the kernel imports nothing at run time.'],
  });
});

test('lint lets the model use ECMAScript, and itself', async () => {
  const source = `
    import { NOBODY } from './limits';
    import type { TraceEvent } from '../kernel/trace';
    export { drawTimeline } from '../timeline';
    export const all: TraceEvent[] = [NOBODY, Symbol.iterator, new Uint8Array(1), new Map(), Math.imul(1, 2)].map(() => never());
    function never(): never { throw new RangeError(String(globalThis)); }`;
  expect(await lint(RULES, { 'packages/binding-model/kernel/a.ts': source })).toEqual({
    'packages/binding-model/kernel/a.ts': [],
  });
});
