import { once } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type FdSocket, fds, handoff, type OwnedFd, socketpair } from '../../packages/ancillary';
import { identity } from '../support/descriptors';
import { Files } from '../support/files';
import { closed } from '../support/peer';
import { codeOf } from './sockets';

const acknowledge = true;
const TURNS = 20;

let left: FdSocket;
let right: FdSocket;
let memory: OwnedFd;
beforeEach(() => {
  [left, right] = socketpair();
  memory = fds.memfd('handed over');
});
afterEach(async () => {
  memory.close();
  await closed(left, right);
});

async function turns(): Promise<void> {
  for (let turn = 0; turn < TURNS; turn++) await nextTurn();
}

/** Fills the socket's send buffer; what is sent next waits. */
function fill(socket: FdSocket): void {
  socket.send(Buffer.alloc(1_000_000)).catch(() => undefined);
}

it('several at once are handed over one after the other, in the order of the calls', async () => {
  using files = new Files(5);
  const sent = files.owned.map((file) => handoff.sendFd(left, file, { acknowledge }));
  await turns();
  const received: string[] = [];
  for (let count = 0; count < files.owned.length; count++) {
    using fd = await handoff.receiveFd(right, { acknowledge });
    received.push(identity(fd.fd));
  }
  await Promise.all(sent);
  expect(received).toEqual(files.identities);
});

it.each([undefined, true])(
  'is acknowledged to who asks for it, with acknowledge: %s of the receiver',
  async (answering) => {
    const sent = handoff.sendFd(left, memory, { acknowledge });
    using fd = await handoff.receiveFd(right, { acknowledge: answering });
    expect(identity(fd.fd)).toBe(identity(memory.fd));
    await sent;
  },
);

it.each([
  ['another byte', undefined, {}],
  ["the byte 'D', where that means nothing", false, { byte: 0x44 }],
])('%s is not acknowledged', async (_what, answering, options) => {
  await handoff.sendFd(left, memory, options);
  (await handoff.receiveFd(right, { acknowledge: answering })).close();
  right.end();
  left.resume();
  await once(left, 'end');
  expect(left.bytesRead).toBe(0);
});

it('several are received at once', async () => {
  using files = new Files(3);
  const received = files.owned.map(() => handoff.receiveFd(right, { acknowledge }));
  await Promise.all(files.owned.map((file) => handoff.sendFd(left, file, { acknowledge })));
  for (const [index, fd] of (await Promise.all(received)).entries()) {
    expect(identity(fd.fd)).toBe(files.identities[index]);
    fd.close();
  }
});

it('while something else reads the socket it is ERR_FD_MODE, and nothing is sent', async () => {
  const reading = left.receive(1);
  expect(await codeOf(() => handoff.sendFd(left, memory, { acknowledge }))).toBe('ERR_FD_MODE');
  expect(left.stats.fdsSent).toBe(0);
  await right.send('x');
  (await reading).close();
  const [fd] = await Promise.all([
    handoff.receiveFd(right, { acknowledge }),
    handoff.sendFd(left, memory, { acknowledge }),
  ]);
  fd.close();
});

it('those that wait fail with the one before them that the receiver refuses', async () => {
  const sent = [1, 2, 3].map(() => codeOf(() => handoff.sendFd(left, memory, { acknowledge })));
  (await right.receive(1)).close();
  await right.send('N');
  expect(await Promise.all(sent)).toEqual(['ERR_FD_REFUSED', 'ERR_FD_CLOSED', 'ERR_FD_CLOSED']);
});

describe('signal', () => {
  it('of one that waits for its turn: it is not sent, and the others are', async () => {
    using files = new Files(3);
    const controller = new AbortController();
    const sent = files.owned.map((file, index) =>
      handoff.sendFd(left, file, { acknowledge, signal: index === 1 ? controller.signal : undefined }),
    );
    const aborted = codeOf(() => sent[1]);
    controller.abort();
    for (const index of [0, 2]) {
      using fd = await handoff.receiveFd(right, { acknowledge });
      expect(identity(fd.fd)).toBe(files.identities[index]);
    }
    expect(await aborted).toBe('ABORT_ERR');
    await Promise.all([sent[0], sent[2]]);
  });

  it.each([false, true])(
    'of one that waits for room (acknowledge: %s): it is not sent, the socket stays',
    async (acknowledge) => {
      fill(left);
      const controller = new AbortController();
      const sent = codeOf(() => handoff.sendFd(left, memory, { acknowledge, signal: controller.signal }));
      await turns();
      controller.abort();
      expect(await sent).toBe('ABORT_ERR');
      (await right.receive(1_000_000)).close();
      expect(left.destroyed).toBe(false);
      expect(left.stats.fdsSent).toBe(0);
    },
  );

  it('of one that waits for its answer: the socket is destroyed, as the answer may be on its way', async () => {
    const controller = new AbortController();
    const sent = codeOf(() => handoff.sendFd(left, memory, { acknowledge, signal: controller.signal }));
    (await right.receive(1)).close();
    controller.abort();
    expect(await sent).toBe('ABORT_ERR');
    expect(left.destroyed).toBe(true);
  });

  it('of receiveFd(): nothing was taken, and the socket stays', async () => {
    const controller = new AbortController();
    const received = codeOf(() => handoff.receiveFd(right, { signal: controller.signal }));
    const next = handoff.receiveFd(right);
    controller.abort();
    expect(await received).toBe('ABORT_ERR');
    await handoff.sendFd(left, memory);
    (await next).close();
  });

  it('of receiveFd() whose answer waits for room: the descriptor is closed, and so is the socket', async () => {
    fill(right);
    const controller = new AbortController();
    const received = codeOf(() => handoff.receiveFd(right, { acknowledge, signal: controller.signal }));
    const sent = left.send('D', [memory]);
    await sent;
    while (right.stats.fdsReceived === 0) await nextTurn();
    await turns();
    controller.abort();
    expect(await received).toBe('ABORT_ERR');
    expect(right.destroyed).toBe(true);
  });

  it('that has aborted already: nothing is done', async () => {
    const signal = AbortSignal.abort();
    for (const acknowledge of [false, true]) {
      expect(await codeOf(() => handoff.sendFd(left, memory, { acknowledge, signal }))).toBe('ABORT_ERR');
      expect(await codeOf(() => handoff.receiveFd(right, { acknowledge, signal }))).toBe('ABORT_ERR');
    }
    expect([left.stats.fdsSent, left.destroyed, right.destroyed]).toEqual([0, false, false]);
  });

  it.each([
    ['sendFd()', () => handoff.sendFd(left, memory, { signal: 5 as never })],
    ['receiveFd()', () => handoff.receiveFd(left, { signal: {} as never })],
  ])('that is none is a TypeError of %s', async (_, attempt) => {
    expect(await codeOf(attempt)).toBe('ERR_INVALID_ARG_TYPE');
  });
});
