import { closeSync, fstatSync, readFileSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fds, type FdSocket } from '../../packages/ancillary';
import { createStream } from '../../packages/ancillary/x11';
import { start } from '../support/children';
import { reportRow } from './report';

const COUNT = 200;

type Callback<Value> = (error: Error | null, value: Value) => void;

/** What of node-x11 is used here; it has no types. */
interface Client {
  seq_num: number;
  readonly replies: Record<number, [(this: Client, body: Buffer, second: number) => unknown, Callback<never>]>;
  readonly pack_stream: { put(bytes: Buffer): void; submit(expectsReply: boolean): void };
  readonly stream: { takeFds(count: number): number[] };
  AllocID(): number;
  CreatePixmap(id: number, drawable: number, depth: number, width: number, height: number): void;
  CreateGC(id: number, drawable: number, values: object): void;
  GetImage(...args: [...number[], Callback<{ data: Buffer }>]): void;
  require(name: string, callback: Callback<Shm>): void;
  terminate(): void;
  on(event: string, listener: (...args: never[]) => void): void;
}
interface Shm {
  readonly majorOpcode: number;
  readonly fdCapable: boolean;
  AttachFd(segment: number, fd: number, readOnly: boolean, callback: Callback<unknown>): void;
  PutImage(drawable: number, gc: number, options: object): void;
}
interface Display {
  readonly client: Client;
  readonly screen: readonly { readonly root: number; readonly root_depth: number }[];
}
const x11 = createRequire(__filename)('x11') as {
  createClient(options: object, callback: Callback<Display>): { terminate(): void };
};

function promised<Value>(call: (callback: Callback<Value>) => void): Promise<Value> {
  return new Promise((resolve, reject) => call((error, value) => (error ? reject(error) : resolve(value))));
}

/** CreateSegment of MIT-SHM 1.2, which node-x11 leaves out since on Node it cannot receive: the server sends a descriptor. */
function createSegment(client: Client, shm: Shm, segment: number): Promise<number[]> {
  const request = Buffer.alloc(16);
  request.writeUInt8(shm.majorOpcode, 0);
  request.writeUInt8(7, 1);
  request.writeUInt16LE(4, 2);
  request.writeUInt32LE(segment, 4);
  request.writeUInt32LE(4096, 8);
  return promised((callback: Callback<number[]>) => {
    client.seq_num++;
    client.replies[client.seq_num] = [(_, count) => client.stream.takeFds(count), callback];
    client.pack_stream.put(request);
    client.pack_stream.submit(true);
  });
}

/** Colours are told apart in 24 bits. */
function pixel(index: number): Buffer {
  return Buffer.from([index & 0xff, index >> 8, 7, 0]);
}

it(`node-x11: ${COUNT} AttachFd and ${COUNT} CreateSegment of MIT-SHM, in one burst`, async () => {
  await using server = start('Xvfb', ['-displayfd', '1', '-nolisten', 'tcp', '-screen', '0', '64x64x24']);
  const address = `/tmp/.X11-unix/X${await server.line()}`;
  const stream = createStream(address);
  const display = await promised((callback: Callback<Display>) => x11.createClient({ stream }, callback));
  const { client } = display;
  const [screen] = display.screen;
  if (screen === undefined) throw new Error('a display has a screen');
  const shm = await promised((callback: Callback<Shm>) => client.require('shm', callback));
  expect(shm.fdCapable).toBe(true);

  const segments = Array.from({ length: 2 * COUNT }, (_, index) => ({ index, id: client.AllocID() }));
  const attached = segments.map(async ({ index, id }) => {
    if (index % 2 === 0) {
      using memory = fds.memfd(`segment ${index}`, Buffer.concat([pixel(index), Buffer.alloc(4092)]));
      await promised((callback) => shm.AttachFd(id, memory.fd, true, callback));
      return [];
    }
    const received = await createSegment(client, shm, id);
    for (const fd of received) writeSync(fd, pixel(index), 0, 4, 0);
    return received;
  });
  const received = (await Promise.all(attached)).filter((_, index) => index % 2 === 1);
  const maps = readFileSync(`/proc/${server.pid}/maps`, 'utf8');
  let wrong = received.filter(([fd], index) => fd === undefined || received[index]?.length !== 1).length;
  for (const [fd] of received) if (!maps.includes(` ${fstatSync(fd ?? -1).ino} `)) wrong++;

  const [pixmap, gc] = [client.AllocID(), client.AllocID()];
  client.CreatePixmap(pixmap, screen.root, screen.root_depth, 1, 1);
  client.CreateGC(gc, pixmap, {});
  for (const { index, id } of segments) {
    const place = { totalWidth: 1, totalHeight: 1, srcX: 0, srcY: 0, srcWidth: 1, srcHeight: 1, dstX: 0, dstY: 0 };
    shm.PutImage(pixmap, gc, { ...place, depth: 24, format: 2, sendEvent: false, shmseg: id, offset: 0 });
    const { data } = await promised((callback: Callback<{ data: Buffer }>) =>
      client.GetImage(2, pixmap, 0, 0, 1, 1, 0xffffffff, callback),
    );
    if (!data.subarray(0, 3).equals(pixel(index).subarray(0, 3))) wrong++;
  }
  for (const fd of received.flat()) closeSync(fd);
  const { stats } = stream.socket as FdSocket;
  const closed = new Promise((resolve) => stream.once('close', resolve));
  client.terminate();
  await closed;
  reportRow(
    {
      peer: 'node-x11, Xvfb',
      messages: 4 * COUNT,
      fdsSent: stats.fdsSent,
      fdsReceived: received.flat().length,
      wrong,
      leftOver: stats.fdsReceived - received.flat().length,
    },
    { messages: 2 * COUNT, fdsSent: COUNT, fdsReceived: COUNT },
  );
});
