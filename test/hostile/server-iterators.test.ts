import path from 'node:path';
import { connect, type FdServer, type FdSocket, listen } from '../../packages/ancillary';
import { runDirectory } from '../support/children';
import { destroyed, nextOf } from '../socket/sockets';
import { settled } from './until';

const DONE = { done: true, value: undefined };

let where: string;
let server: FdServer;
let iterator: AsyncIterableIterator<FdSocket>;
let count = 0;
beforeEach(async () => {
  where = path.join(runDirectory(), `iterators-${process.pid}-${count++}.sock`);
  server = await listen(where);
  iterator = server[Symbol.asyncIterator]();
});
afterEach(() => server.close());

it('return() settles every pending next() of its iterator with done, and later ones are done', async () => {
  const pending = [iterator.next(), iterator.next()];
  expect(await iterator.return?.()).toEqual(DONE);
  for (const each of pending) expect(await settled(each)).toEqual({ status: 'fulfilled', value: DONE });
  expect(await settled(iterator.next())).toEqual({ status: 'fulfilled', value: DONE });
});

it('the next connection goes to an iterator that is still there', async () => {
  const left = iterator.next();
  await iterator.return?.();
  const accepted = nextOf(server[Symbol.asyncIterator]());
  const client = await connect(where);
  const socket = await accepted;
  expect(await settled(left)).toEqual({ status: 'fulfilled', value: DONE });
  await destroyed(client, socket);
});

it('return() leaves other iterators waiting, and they get the next connection', async () => {
  const other = server[Symbol.asyncIterator]();
  const waiting = nextOf(other);
  void iterator.next();
  await iterator.return?.();
  const client = await connect(where);
  await destroyed(client, await waiting);
});

it('without a live iterator a connection waits in the backlog for the next one', async () => {
  const left = iterator.next();
  await iterator.return?.();
  const client = await connect(where);
  const accepted = await nextOf(server[Symbol.asyncIterator]());
  expect(await settled(left)).toEqual({ status: 'fulfilled', value: DONE });
  await destroyed(client, accepted);
});

it('a loop that is left takes no connection with it', async () => {
  const clients = [await connect(where), await connect(where)];
  const sockets: FdSocket[] = [];
  for await (const socket of server) {
    sockets.push(socket);
    break;
  }
  sockets.push(await nextOf(server[Symbol.asyncIterator]()));
  await destroyed(...clients, ...sockets);
});
