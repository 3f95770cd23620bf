import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { node } from '../support/children';
import { lint as lintWith } from './lint';

const root = path.resolve(__dirname, '../..');
const packages = path.join(root, 'packages');

const lint = (sources: Record<string, string>) => lintWith(['packages/imports'], sources);

test('lint reports an import that runs the wrong way, in every form', async () => {
  const reports = await lint({
    'packages/binding/a.ts': "import { x } from '../stream'; x;",
    'packages/stream/a.ts': "import type { x } from '../codec'; export type y = x;",
    'packages/stream/deeper/a.ts': "export * from '../../binding-native';",
    'packages/codec/a.ts': "export { x } from '../binding-model';",
    'packages/rpc/a.ts': "void import('../binding-native');",
    'packages/binding-model/a.ts': "export type x = import('../stream').X;",
    'packages/binding-native/a.ts': "import x = require('../stream'); x;",
    'packages/cli/a.ts': "require('../ancillary');",
    'packages/unlisted/a.ts': "import '../binding';",
  });
  expect(reports).toEqual({
    'packages/binding/a.ts': ['binding must not import stream'],
    'packages/stream/a.ts': ['stream must not import codec'],
    'packages/stream/deeper/a.ts': ['stream must not import binding-native'],
    'packages/codec/a.ts': ['codec must not import binding-model'],
    'packages/rpc/a.ts': ['rpc must not import binding-native'],
    'packages/binding-model/a.ts': ['binding-model must not import stream'],
    'packages/binding-native/a.ts': ['binding-native must not import stream'],
    'packages/cli/a.ts': ['cli must not import ancillary'],
    'packages/unlisted/a.ts': ['unlisted must not import binding'],
  });
});

test('lint reports an import past a package’s index, out of packages/, and of the published name', async () => {
  const reports = await lint({
    'packages/codec/a.ts': "import '../stream/receive-queue';",
    'packages/rpc/deeper/a.ts': "import '../../codec/deeper/file';",
    'packages/stream/a.ts': "import '../../test/support/children';",
    'packages/rpc/a.ts': "import 'ancillary'; import 'ancillary/codec';",
  });
  expect(reports).toEqual({
    'packages/codec/a.ts': ["Import the package's index, '../stream'"],
    'packages/rpc/deeper/a.ts': ["Import the package's index, '../../codec'"],
    'packages/stream/a.ts': ["'../../test/support/children' is outside of packages/"],
    'packages/rpc/a.ts': [
      "A package imports another by its folder, not as 'ancillary'",
      "A package imports another by its folder, not as 'ancillary/codec'",
    ],
  });
});

test('lint lets imports run the right way', async () => {
  const reports = await lint({
    'packages/stream/a.ts': "import '../binding'; import './send-queue'; import 'node:fs'; import 'eventemitter3';",
    'packages/rpc/deeper/a.ts': "import '../../codec'; import '../framed'; import '..';",
    'packages/ancillary/a.ts': "import '../binding-native'; import '../rpc'; import '../stream';",
    'test/a.ts': "import '../packages/stream/receive-queue';",
  });
  expect(Object.values(reports).flat()).toEqual([]);
});

test('the rule knows every package there is', async () => {
  const script = `import(process.argv[1]).then(({ mayImport }) => console.log(JSON.stringify(Object.keys(mayImport))))`;
  const { stdout } = await node(script, { args: [path.join(root, 'scripts/package-imports.mjs')] }).succeeded();
  const listed = JSON.parse(stdout) as string[];
  const present = readdirSync(packages).filter((name) => existsSync(path.join(packages, name, 'index.ts')));
  expect(present.filter((name) => !listed.includes(name))).toEqual([]);
});
