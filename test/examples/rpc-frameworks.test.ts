import { recipe } from './recipe';

// The programs of docs/rpc.md with frameworks, as users copy them.

test.each([
  ['rpc-vscode-jsonrpc', 'this is page 1\n'],
  ['rpc-birpc', 'this is page 1\nmemfd\n'],
])('%s', async (name, expected) => {
  const { stdout, stderr } = await recipe(name).succeeded();
  expect([stdout, stderr]).toEqual([expected, '']);
});
