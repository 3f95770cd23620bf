import { readFileSync } from 'node:fs';
import path from 'node:path';
import { socketpair } from '../../../packages/ancillary';
import { built } from '../../support/built';
import { type Child, start } from '../../support/children';
import { reportRow } from '../report';

// Two processes call each other by a framework, with bursts of a hundred calls in both directions at once. Every other call
// and its answer have a descriptor, whose identity is compared at the other end.

const ROOT = path.resolve(__dirname, '../../..');

interface Told {
  framesSent: number;
  fdsSent: number;
  fdsReceived: number;
  wrong: number;
  leftOver: number;
}

async function run(framework: string, name: string, count: number): Promise<void> {
  built();
  const ends = socketpair();
  const program = path.join(__dirname, 'end.mjs');
  const children: Child[] = ends.map((end) =>
    start(process.execPath, [program, framework, name, String(count)], { descriptors: [end.fd] }),
  );
  for (const end of ends) end.destroy();
  const told = await Promise.all(children.map(async (child) => JSON.parse((await child.succeeded()).stdout) as Told));
  const [one, other] = told as [Told, Told];
  reportRow(
    {
      peer: name === '' ? 'rpc()' : `${name} ${versionOf(name)}`,
      messages: one.framesSent + other.framesSent,
      fdsSent: one.fdsSent,
      fdsReceived: one.fdsReceived,
      wrong: one.wrong + other.wrong,
      leftOver: one.leftOver + other.leftOver,
    },
    // Each call and each answer; that with which it ends has none.
    { messages: 8 * count, fdsSent: 2 * count, fdsReceived: 2 * count },
  );
}

function versionOf(name: string): string {
  return (
    JSON.parse(readFileSync(path.join(ROOT, 'node_modules', name, 'package.json'), 'utf8')) as { version: string }
  ).version;
}

test.each([
  ['own', '', 1000],
  ['vscode-jsonrpc', 'vscode-jsonrpc', 2000],
  ['birpc', 'birpc', 1000],
  ['comlink', 'comlink', 1000],
  ['capnweb', 'capnweb', 1000],
  ['json-rpc-2.0', 'json-rpc-2.0', 1000],
])('%s carries descriptors both ways', run);

const LOWEST = ['vscode-jsonrpc', 'birpc', 'comlink', 'capnweb'];

test.each(LOWEST)('so does the lowest version of %s that is allowed', (name) => run(name, `${name}-lowest`, 200));

test.each(LOWEST)('the range of %s begins with the version that was tried', (name) => {
  const { peerDependencies } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as {
    peerDependencies: Record<string, string>;
  };
  const [, least] = /^(?:\^|>=)([\d.]+)/.exec(peerDependencies[name] ?? '') ?? [];
  expect(versionOf(`${name}-lowest`)).toBe(least);
});
