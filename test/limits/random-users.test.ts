import { setImmediate as nextTurn } from 'node:timers/promises';
import { lengthPrefixed } from '../../packages/codec';
import { OwnedFd } from '../../packages/binding';
import { type Faults, ModelWorld } from '../../packages/binding-model';
import { framed } from '../../packages/rpc';
import { FdQuota, FdSocket, type FdSocketOptions } from '../../packages/stream';
import { lifetime } from '../../packages/stream/socket/byte-duplex';
import { propertyRuns } from '../support/properties';
import { Random } from '../soak/random';

// One process of the model serves users who hoard, drip, do not read, and leave, and one who does what is asked, under low limits
// and random faults.

const RUNS = Math.ceil(propertyRuns.numRuns / 10);
const HONEST = 1_000;
const USERS = [HONEST, 1_001, 1_002, 1_003];
const FD_LIMIT = 600;
/** Of the others so many are there before. */
const EARLY = 2 / 3;
const MESSAGES = 15;
const MOST_FDS = 2;
const HOSTILE_MESSAGES = 60;
const HOSTILE_FDS = 6;
/** Of the model's clock, which is fast while much happens. */
const TIMEOUT_MS = 200_000;
const OF_SERVER: FdSocketOptions = {
  maxFdsPerFrame: HOSTILE_FDS,
  maxQueuedFds: 8,
  highWaterMark: 2_000,
  maxInFlightFds: 8,
  frameTimeout: TIMEOUT_MS,
  sendTimeout: TIMEOUT_MS,
};
const OF_CLIENT: FdSocketOptions = { maxInFlightFds: 8, frameTimeout: TIMEOUT_MS };
/** After so many turns in which nothing can happen by itself, nothing will. */
const IDLE_TURNS = 20;

const WAYS = ['hoard', 'hoard too', 'drip', 'never read', 'leave'] as const;
type Way = (typeof WAYS)[number];

const hoards = (way: Way): boolean => way.startsWith('hoard');

const CODES = [
  'ERR_FRAME_INCOMPLETE',
  'ERR_FD_TRUNCATED',
  'ERR_FD_CLOSED',
  'ERR_FD_QUOTA',
  'ERR_FRAME_TIMEOUT',
  'ERR_SEND_TIMEOUT',
  'ECONNRESET',
  'EPIPE',
];

interface Message {
  readonly bytes: Buffer;
  readonly fds: OwnedFd[];
}

/** A server and its clients. */
class Town {
  readonly world: ModelWorld;
  readonly quota = new FdQuota({ fds: 300, bytes: 200_000, inFlightFds: 60 });
  readonly errors = new Set<unknown>();
  readonly seen = new Set<string>();
  readonly #random: Random;
  readonly #sockets: FdSocket[] = [];
  readonly #hoard: OwnedFd[] = [];
  readonly #running: Promise<unknown>[] = [];
  #opened = 0;

  constructor(seed: number, faults: Faults) {
    this.world = new ModelWorld({ seed, faults, fdLimit: FD_LIMIT });
    this.#random = new Random(seed);
  }

  /** Has the others take what they can, and starts the honest user and some more. The promises are the honest user's. */
  async start(): Promise<Promise<number>[]> {
    const hostile = USERS.filter((uid) => uid !== HONEST).flatMap((uid) =>
      Array.from({ length: 2 + this.#random.below(3) }, () => ({ uid, way: this.#random.of(WAYS) })),
    );
    const early = Math.floor(hostile.length * EARLY);
    for (const { uid, way } of hostile.slice(0, early)) this.#startHostile(uid, way);
    await this.idle();
    const honest = Array.from({ length: 2 }, () => this.#honest());
    for (const { uid, way } of hostile.slice(early)) this.#startHostile(uid, way);
    return honest;
  }

  /** Until nothing happens any more by itself. */
  async idle(): Promise<void> {
    for (let turn = 0; turn < IDLE_TURNS; turn++) {
      await this.world.idle();
      await nextTurn();
    }
  }

  async finish(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await Promise.allSettled(this.#running);
    OwnedFd.closeAll(this.#hoard);
    await this.idle();
  }

  /** Returns how many of its messages came back whole. */
  async #honest(): Promise<number> {
    const client = this.#connect(HONEST, false, OF_CLIENT);
    if (client === undefined) throw new Error('an honest user may connect');
    const connection = framed(client, lengthPrefixed());
    const echoes = connection[Symbol.asyncIterator]();
    let came = 0;
    for (let sent = 0; sent < MESSAGES; sent++) {
      const message = this.#message(MOST_FDS, 300);
      const names = message.bytes.toString();
      await this.#send(connection, message);
      const echo = await echoes.next();
      if (echo.done === true) return came;
      this.#check(echo.value);
      expect(echo.value.bytes.toString()).toBe(names);
      came++;
    }
    client.end();
    return came;
  }

  #startHostile(uid: number, way: Way): void {
    const client = this.#connect(uid, hoards(way), { ...OF_CLIENT, sendTimeout: TIMEOUT_MS });
    if (client === undefined) return;
    this.seen.add(way);
    this.#run(this.#hostile(client, way));
  }

  async #hostile(client: FdSocket, way: Way): Promise<void> {
    const connection = framed(client, lengthPrefixed());
    if (hoards(way)) this.#run(this.#take(connection));
    const most = way === 'leave' ? this.#random.below(10) : HOSTILE_MESSAGES;
    for (let sent = 0; sent < most; sent++) {
      const message = this.#message(HOSTILE_FDS, 3_000);
      if (way === 'drip' && sent === 3) {
        const { bytes } = lengthPrefixed().encode(message);
        await client.send(bytes.subarray(0, 7), message.fds, { transfer: true });
        return;
      }
      await this.#send(connection, message);
    }
    client.destroy();
  }

  /** A pair, of which the server has one; undefined where the user may have no more. */
  #connect(uid: number, keeps: boolean, options: FdSocketOptions): FdSocket | undefined {
    const counted = this.quota.admit(uid);
    if (counted === undefined) {
      expect(uid).not.toBe(HONEST);
      return undefined;
    }
    const [ours, theirs] = this.world.socketpair();
    const client = FdSocket.wrap(this.world.bindings[0], ours, options);
    const server = FdSocket.wrap(this.world.bindings[1], theirs, OF_SERVER);
    server[lifetime].countBy(counted);
    for (const socket of [client, server]) {
      this.#sockets.push(socket);
      socket.on('error', () => undefined);
    }
    this.#run(keeps ? this.#keepAll(server) : this.#echo(server));
    return client;
  }

  async #echo(server: FdSocket): Promise<void> {
    const connection = framed(server, lengthPrefixed());
    for await (const message of connection) {
      this.#check(message, false);
      await this.#send(connection, message);
    }
    await connection.close();
  }

  async #keepAll(server: FdSocket): Promise<void> {
    for await (const message of framed(server, lengthPrefixed())) {
      this.#check(message, false);
      this.#hoard.push(...message.fds);
    }
  }

  async #take(connection: AsyncIterable<Message>): Promise<void> {
    for await (const message of connection) this.#check(message);
  }

  /** That the files are those that the bytes name. */
  #check({ bytes, fds }: Message, close = true): void {
    try {
      expect(fds.map((fd) => this.world.identity(fd)).join()).toBe(bytes.toString().trim());
    } finally {
      if (close) OwnedFd.closeAll(fds);
    }
  }

  #message(mostFds: number, mostBytes: number): Message {
    const names = Array.from({ length: this.#random.below(mostFds + 1) }, () => `file ${this.#opened++}`);
    const fds = names.map((name) => this.world.open(name));
    return { bytes: Buffer.from(names.join().padEnd(this.#random.skewed(mostBytes))), fds };
  }

  /** The descriptors are closed, sent or not. */
  async #send(connection: { send(message: Message): Promise<void> }, message: Message): Promise<void> {
    try {
      await connection.send(message);
    } finally {
      OwnedFd.closeAll(message.fds);
    }
  }

  #run(promise: Promise<unknown>): void {
    this.#running.push(promise);
    promise.catch((error: unknown) => this.errors.add(codeOf(error)));
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error && !('matcherResult' in error) ? error.code : error;
}

/** Runs one town to its end, in which nothing may be left over. */
async function run(seed: number, faults: Faults): Promise<{ town: Town; honest: PromiseSettledResult<number>[] }> {
  const town = new Town(seed, faults);
  const honest = await town.start();
  const settled = Promise.allSettled(honest);
  let done = false;
  void settled.then(() => (done = true));
  await town.idle();
  expect({ seed, done }).toEqual({ seed, done: true });
  await town.finish();
  expect({ seed, open: town.world.openDescriptors(), held: town.quota.usage.held }).toEqual({
    seed,
    open: [[], []],
    held: { fds: 0, bytes: 0, connections: 0, inFlightFds: 0 },
  });
  expect([...town.errors].filter((code) => !CODES.includes(String(code)))).toEqual([]);
  return { town, honest: await settled };
}

test('whatever others of other users do, each request of an honest one is answered', async () => {
  const ways = new Set<string>();
  const errors = new Set<unknown>();
  for (let seed = 0; seed < RUNS; seed++) {
    const { town, honest } = await run(seed, 0.1);
    const whole = { status: 'fulfilled', value: MESSAGES };
    expect({ seed, honest }).toEqual({ seed, honest: [whole, whole] });
    for (const way of town.seen) ways.add(way);
    for (const error of town.errors) errors.add(error);
  }
  expect([...ways].sort()).toEqual([...WAYS].sort());
  // The limits were reached.
  expect([...errors]).toEqual(expect.arrayContaining(['ERR_FRAME_TIMEOUT', 'ERR_SEND_TIMEOUT']));
});

test('nor is anything left over where connections break', async () => {
  const what = ['reset', 'eof', 'emfile', 'short-read', 'eagain', 'etoomanyrefs'] as const;
  let broken = 0;
  for (let seed = 0; seed < RUNS; seed++) {
    const { honest } = await run(seed, { rate: 0.02, what });
    for (const each of honest) {
      if (each.status === 'rejected') expect(CODES).toContain(codeOf(each.reason));
      if (each.status === 'rejected' || each.value < MESSAGES) broken++;
    }
  }
  expect(broken).toBeGreaterThan(0);
});
