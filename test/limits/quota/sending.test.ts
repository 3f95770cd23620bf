import fs from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { FdQuota, type FdSocket, fds, OwnedFd } from '../../../packages/ancillary';
import { rpc, give, type Rpc } from '../../../packages/rpc';
import { until } from '../../hostile/until';
import { codeOf, fill } from '../../socket/sockets';
import { Served } from './served';

let pipe: OwnedFd;
let other: OwnedFd;
beforeEach(() => {
  [pipe, other] = fds.pipe();
});
afterEach(() => OwnedFd.closeAll([pipe, other]));

/** Until nothing more can be sent to it. */
function fillUp(socket: FdSocket): void {
  socket.on('error', () => undefined);
  fill(socket);
}

test('duplicates of what waits to be sent count, and what was given away with them, until it is sent', async () => {
  await using served = await Served.with(new FdQuota({ fds: 400 }));
  const { socket, client } = await served.connection();
  fillUp(socket);
  const lent = socket.send('lent', [pipe]);
  expect(served.held.fds).toBe(2);
  const given = socket.send('given', [pipe.dup(), pipe.dup()], { transfer: true });
  expect(served.held.fds).toBe(6);
  expect(served.held.bytes).toBeGreaterThan(0);
  client.on('fds', (frame) => frame.close()).resume();
  await Promise.all([lent, given]);
  await until(() => served.held.fds === 1 && served.held.bytes === 0);
});

test('what would wait and is more than the user may hold is refused alone, with what was given away closed', async () => {
  await using served = await Served.with(new FdQuota({ fds: 60 }));
  const { socket, client } = await served.connection();
  for (let index = 0; index < 20; index++) await served.connection();
  fillUp(socket);
  const many = Array.from({ length: 12 }, () => pipe.dup());
  expect(await codeOf(() => socket.send('x', many, { transfer: true }))).toBe('ERR_FD_QUOTA');
  expect(many.every(({ closed }) => closed)).toBe(true);
  expect(socket.destroyed).toBe(false);
  const one = socket.send('y', [pipe]);
  client.on('fds', (frame) => frame.close()).resume();
  await one;
  await until(() => served.held.fds === 21);
});

test('what waits when the socket is destroyed counts no more', async () => {
  await using served = await Served.with(new FdQuota({ fds: 400 }));
  const { socket } = await served.connection();
  fillUp(socket);
  const waiting = socket.send('x', [pipe.dup()], { transfer: true });
  expect(served.held.fds).toBe(3);
  socket.destroy();
  await waiting.catch(() => undefined);
  await until(() => served.held.fds === 0 && served.held.bytes === 0);
});

describe('rpc()', () => {
  /** How many calls run at once, of a handler that answers with a file once it is told to. */
  class Opening {
    running = 0;
    most = 0;
    readonly #waiting: (() => void)[] = [];
    readonly handlers = {
      open: async (): Promise<unknown> => {
        this.most = Math.max(this.most, ++this.running);
        await new Promise<void>((resolve) => this.#waiting.push(resolve));
        this.running--;
        return give(fs.openSync('/dev/null', 'r'));
      },
    };

    letOneGo(): void {
      this.#waiting.shift()?.();
    }
  }

  test('calls wait to be started while too many run for what the user may hold, and all of them are answered', async () => {
    await using served = await Served.with(new FdQuota({ fds: 100 }));
    const { socket, client } = await served.connection();
    const opening = new Opening();
    const serving = rpc(socket, opening.handlers);
    const calling: Rpc = rpc(client);
    const answers = Array.from({ length: 100 }, () => calling.call('open') as Promise<OwnedFd>);
    await until(() => opening.running > 5);
    let answered = 0;
    for (const answer of answers) void answer.then((file) => (file.close(), answered++));
    while (answered < 100) {
      const before = answered;
      opening.letOneGo();
      await until(() => answered > before);
      expect(served.held.fds).toBeLessThanOrEqual(50);
    }
    expect(opening.most).toBeLessThan(25);
    await calling.close();
    await serving.close();
    await until(() => served.held.fds === 0);
  });

  test('one connection may have a call running though others of its user run as many as they may', async () => {
    await using served = await Served.with(new FdQuota({ fds: 1000 }));
    const opening = new Opening();
    const { socket, client } = await served.connection();
    rpc(socket, { ask: () => 'answered' }).closed.catch(() => undefined);
    const modest = rpc(client);
    const greedy: Rpc[] = [];
    for (let index = 0; index < 8; index++) {
      const { socket, client } = await served.connection();
      rpc(socket, opening.handlers).closed.catch(() => undefined);
      greedy.push(rpc(client));
    }
    const waiting = greedy.flatMap((each) => Array.from({ length: 200 }, () => each.call('open')));
    for (const call of waiting) call.catch(() => undefined);
    await until(() => served.quota.usage.users[0]?.paused === 8);
    for (let call = 0; call < 10; call++) expect(await modest.call('ask')).toBe('answered');
    for (const each of [...greedy, modest]) each.socket.destroy();
    while (opening.running > 0) {
      opening.letOneGo();
      await nextTurn();
    }
    await until(() => served.held.fds === 0);
  });
});
