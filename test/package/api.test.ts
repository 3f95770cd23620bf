import { readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { root } from './npm';

// docs/api.md names everything that is exported.

const page = readFileSync(path.join(root, 'docs/api.md'), 'utf8');

const entries = {
  ancillary: 'packages/ancillary/index.ts',
  fds: 'packages/ancillary/fds.ts',
  handoff: 'packages/ancillary/handoff.ts',
  raw: 'packages/ancillary/raw.ts',
  'ancillary/codec': 'packages/codec/index.ts',
  'ancillary/dbus': 'packages/codec/dbus/index.ts',
  'ancillary/rpc': 'packages/rpc/index.ts',
  'ancillary/rpc/vscode-jsonrpc': 'packages/rpc/vscode-jsonrpc.ts',
  'ancillary/rpc/birpc': 'packages/rpc/birpc.ts',
  'ancillary/rpc/comlink': 'packages/rpc/comlink.ts',
  'ancillary/rpc/capnweb': 'packages/rpc/capnweb.ts',
  'ancillary/proxy': 'packages/ancillary/proxy.ts',
  'ancillary/dbus-native': 'packages/ancillary/dbus-native.ts',
  'ancillary/x11': 'packages/ancillary/x11.ts',
  'ancillary/usocket': 'packages/ancillary/usocket.ts',
  'ancillary/http': 'packages/ancillary/http.ts',
  'ancillary/testing': 'packages/ancillary/testing.ts',
  'ancillary/model': 'packages/binding-model/kernel/index.ts',
};

const files = Object.values(entries).map((file) => path.join(root, file));
const program = ts.createProgram(files, { noLib: true, types: [], skipLibCheck: true });
const checker = program.getTypeChecker();

function exportsOf(file: string): string[] {
  const source = program.getSourceFile(path.join(root, file));
  const symbol = source && checker.getSymbolAtLocation(source);
  return symbol === undefined ? [] : checker.getExportsOfModule(symbol).map(({ name }) => name);
}

test.each(Object.entries(entries))('docs/api.md names every export of %s', (_name, file) => {
  const names = exportsOf(file);
  expect(names).not.toEqual([]);
  expect(names.filter((name) => !new RegExp(`\\b${name}\\b`).test(page))).toEqual([]);
});
