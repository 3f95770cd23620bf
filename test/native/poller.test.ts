import { addonChild } from './addon-child';

it.each([
  ['libuv, as Node does', '', 'libuv'],
  ['libuv, whatever else the variable says', 'epoll', 'libuv'],
  ['a thread of its own, where the variable says so', 'thread', 'thread'],
])('the addon waits by %s', async (_what, wanted, poller) => {
  const { stdout } = await addonChild('console.log(addon.poller)', { env: { ANCILLARY_POLLER: wanted } }).succeeded();
  expect(stdout).toBe(`${poller}\n`);
});
