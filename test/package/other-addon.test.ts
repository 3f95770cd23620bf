import { buildKernelCalls, KERNEL_CALLS } from '../kernel-calls/build';
import { Uncompiled } from './uncompiled';

// As where the package, or a checkout, is newer than what was compiled before.
test('a binary that lacks functions is told to be of another version, and how to compile one', async () => {
  buildKernelCalls();
  using here = new Uncompiled();
  here.putAddon(KERNEL_CALLS, 'build/Release/ancillary.node');
  const told = await here.run(`
    const { fds, OwnedFd } = require('ancillary');
    const told = [];
    for (const use of [() => fds.eventfd(), () => OwnedFd.adopt(0)]) {
      try {
        use();
      } catch ({ code, message }) {
        told.push({ code, message });
      }
    }
    tell(told);`);
  const failure = {
    code: 'ERR_FD_PLATFORM',
    message: expect.stringMatching(
      new RegExp(
        '^ancillary cannot use sockets here: its binary build/Release/ancillary.node is of another version: it has no \\w+\\. ' +
          `To compile one, .*: npx node-gyp@12 rebuild --directory "${here.native}"$`,
      ),
    ) as string,
  };
  expect(told).toEqual([failure, failure]);
});
