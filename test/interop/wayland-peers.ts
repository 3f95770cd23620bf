import { setImmediate as nextTurn } from 'node:timers/promises';
import { fstatSync, readFileSync, readSync } from 'node:fs';
import { fds, type FdSocket, OwnedFd } from '../../packages/ancillary';
import {
  type WaylandMessage,
  waylandMessages,
  type WaylandOutgoing,
  type WaylandProtocol,
  waylandProtocol,
} from '../../packages/codec';
import { type Framed, framed } from '../../packages/rpc';

/** The core protocol, as libwayland has it. */
export const WAYLAND: WaylandProtocol = waylandProtocol(readFileSync('/usr/share/wayland/wayland.xml'));

/** As the programs of libwayland.ts have them. */
const poolSize = (index: number): number => 4096 + 4 * index;
const keymapSize = (index: number): number => (index === 0 ? 64_434 : 100 + index);

function contentOf(index: number, size: number): Buffer {
  const bytes = Buffer.alloc(size);
  for (let at = 0; at < size; at++) bytes[at] = index * 7 + at * 31;
  return bytes;
}

function isFile(fd: OwnedFd | undefined, index: number, size: number): boolean {
  if (fd === undefined || fstatSync(fd.fd).size !== size) return false;
  const bytes = Buffer.alloc(size);
  return readSync(fd.fd, bytes, 0, size, 0) === size && bytes.equals(contentOf(index, size));
}

/** What came of what was to come. */
export interface Came {
  messages: number;
  fds: number;
  wrong: number;
}

/** Checks messages of one kind, in their order, and closes what comes with any. */
class Checking {
  readonly came: Came = { messages: 0, fds: 0, wrong: 0 };
  readonly #name: string;
  readonly #size: (index: number) => number;

  constructor(name: string, size: (index: number) => number) {
    this.#name = name;
    this.#size = size;
  }

  see({ name, args, fds: own }: WaylandMessage): void {
    this.came.messages++;
    if (name === this.#name) {
      const size = this.#size(this.came.fds);
      if (args['size'] !== size || !isFile(own[0], this.came.fds, size)) this.came.wrong++;
      this.came.fds++;
    } else if (own.length > 0) this.came.wrong++;
    OwnedFd.closeAll(own);
  }
}

/** A compositor with wl_shm and wl_seat, which sends so many keymaps to whoever asks for a keyboard. Ends with its client. */
export async function compositor(socket: FdSocket, count: number): Promise<Came> {
  const connection = framed(socket, waylandMessages(WAYLAND, 'server'));
  const checking = new Checking('create_pool', poolSize);
  const send = (object: number, name: string, args: WaylandOutgoing['args'], transfer = false): void => {
    // The client leaves when it has seen enough, and says itself what it has seen.
    connection.send({ object, name, args, transfer }).catch(() => undefined);
  };
  for await (const message of untilReset(connection)) {
    checking.see(message);
    const { object, name, args } = message;
    if (name === 'get_registry') {
      for (const [index, global] of ['wl_shm', 'wl_seat'].entries())
        send(Number(args['registry']), 'global', { name: index + 1, interface: global, version: 1 });
    } else if (name === 'sync') {
      send(Number(args['callback']), 'done', { callback_data: 0 });
      send(1, 'delete_id', { id: Number(args['callback']) });
    } else if (name === 'destroy') send(1, 'delete_id', { id: object });
    else if (name === 'get_keyboard') {
      for (let index = 0; index < count; index++) {
        const size = keymapSize(index);
        const fd = fds.memfd('keymap', contentOf(index, size));
        send(Number(args['id']), 'keymap', { format: 1, fd, size }, true);
        const none = { mods_depressed: 0, mods_latched: 0, mods_locked: 0, group: 0 };
        send(Number(args['id']), 'modifiers', { serial: index, ...none });
      }
    }
  }
  await connection.close();
  return checking.came;
}

/** As long as the peer is there: one that leaves before it has read all resets the connection. */
async function* untilReset<In>(connection: AsyncIterable<In>): AsyncGenerator<In> {
  try {
    yield* connection;
  } catch (error) {
    if (!leftEarly(error)) throw error;
  }
}

export function leftEarly(error: unknown): boolean {
  return ['ECONNRESET', 'EPIPE'].includes(String((error as NodeJS.ErrnoException).code));
}

/** A client that makes so many pools, with as many syncs between, and takes as many keymaps. */
export async function client(socket: FdSocket, count: number): Promise<Came> {
  const connection = framed(socket, waylandMessages(WAYLAND, 'client'));
  const checking = new Checking('keymap', keymapSize);
  const ids = new Ids();
  let making: Promise<void> | undefined;
  let synced = 0;
  await connection.send({ object: 1, name: 'get_registry', args: { registry: ids.take() } });
  const globals = new Map<string, number>();
  for await (const message of connection) {
    checking.see(message);
    const { name, args } = message;
    if (name === 'global') globals.set(args['interface'] as string, Number(args['name']));
    if (globals.size >= 2) making ??= make(connection, globals, ids, count);
    if (name === 'delete_id') ids.give(Number(args['id']));
    if (name === 'done') synced++;
    if (synced === count && checking.came.fds === count) break;
  }
  await making;
  await connection.close();
  return checking.came;
}

async function make(
  connection: Framed<WaylandMessage, WaylandOutgoing>,
  globals: ReadonlyMap<string, number>,
  ids: Ids,
  count: number,
): Promise<void> {
  const bind = async (name: string): Promise<number> => {
    const id = ids.take();
    const made = { interface: name, version: 1, id };
    await connection.send({ object: 2, name: 'bind', args: { name: globals.get(name) ?? 0, id: made } });
    return id;
  };
  const [shm, seat] = [await bind('wl_shm'), await bind('wl_seat')];
  await connection.send({ object: seat, name: 'get_keyboard', args: { id: ids.take() } });
  // In bursts: libwayland cuts off a client that does not read while it writes.
  for (let index = 0; index < count; index++) {
    const size = poolSize(index);
    const [pool, callback] = [ids.take(), ids.take()];
    const fd = fds.memfd('pool', contentOf(index, size));
    await Promise.all([
      connection.send({ object: shm, name: 'create_pool', args: { id: pool, fd, size }, transfer: true }),
      connection.send({ object: pool, name: 'destroy' }),
      connection.send({ object: 1, name: 'sync', args: { callback } }),
    ]);
    if (index % 50 === 49) await nextTurn();
  }
}

/** Free ids of a client: the lowest first, as libwayland wants it. */
class Ids {
  #next = 2;
  readonly #free: number[] = [];

  take(): number {
    return this.#free.pop() ?? this.#next++;
  }

  give(id: number): void {
    this.#free.push(id);
  }
}
