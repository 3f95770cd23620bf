import { fds, type FdSocket, socketpair } from '../../../packages/ancillary';
import { give, rpc, type Rpc } from '../../../packages/rpc';
import type { Handlers } from '../../../packages/rpc';
import { closed } from '../../support/peer';

let sockets: [FdSocket, FdSocket];
let client: Rpc;

beforeEach(() => {
  sockets = socketpair();
  client = rpc(sockets[0]);
});

afterEach(async () => {
  await closed(...sockets);
});

const serve = (handlers: object): void => void rpc(sockets[1], handlers as Handlers);

/** A number that is open nowhere. */
const fd = 999_999;

const notOpen = (part: string, member: string): object => ({
  code: 'EBADF',
  message: expect.stringContaining(
    `the ${part} cannot be sent: ${member}, descriptor ${fd}, is not open; nothing was sent`,
  ) as string,
});

// Only the kernel knows that it is not open, which names no more than the number.
describe('a bare number that is not open is named as the member that it is', () => {
  test.each(['call', 'notify'] as const)('in the argument of %s()', async (how) => {
    serve({ open: () => 1 });
    const [own, files] = [fds.memfd('open'), { files: [1, give(fd)] }];
    await expect(client[how]('open', { own: give(own), ...files })).rejects.toMatchObject({
      ...notOpen("call of 'open'", 'params.files[1]'),
      errno: -9,
      syscall: 'sendmsg',
    });
    expect(own.closed).toBe(true);
    await expect(client[how]('open', { 'its file': give({ fd }) })).rejects.toMatchObject(
      notOpen("call of 'open'", "params['its file']"),
    );
    await expect(client[how]('open', give(fd))).rejects.toMatchObject(notOpen("call of 'open'", 'params'));
    await expect(client.call('open')).resolves.toBe(1);
  });

  test('also where it has to wait', async () => {
    serve({ open: () => 1 });
    const before = client.call('open', 'x'.repeat(1_000_000));
    await expect(client.call('open', { file: give(fd) })).rejects.toMatchObject(
      notOpen("call of 'open'", 'params.file'),
    );
    await expect(before).resolves.toBe(1);
  });

  test('in a result, and in an item', async () => {
    serve({
      open: () => ({ file: give(fd) }),
      items: async function* () {
        yield await Promise.resolve([give(fd)]);
      },
    });
    await expect(client.call('open')).rejects.toMatchObject(notOpen("result of 'open'", 'result.file'));
    const items = (await client.call('items')) as AsyncIterator<unknown>;
    await expect(items.next()).rejects.toMatchObject(notOpen("result of 'items'", 'item[0]'));
  });

  test('what toJSON() made is not asked again, so the number has to do', async () => {
    serve({ open: () => 1 });
    const toJSON = jest.fn(() => give(fd));
    await expect(client.call('open', { file: { toJSON } })).rejects.toMatchObject({
      code: 'EBADF',
      message: expect.stringContaining(`descriptor ${fd} is not open`) as string,
    });
    expect(toJSON).toHaveBeenCalledTimes(1);
  });
});
