import { EventEmitter, once } from 'node:events';
import { fstatSync, readSync } from 'node:fs';
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { connect, type FdSocket, listen } from '../../packages/ancillary';
import { type Forwarded, type Passing, proxy } from '../../packages/ancillary/proxy';
import { type WaylandMessage, waylandMessages } from '../../packages/codec';
import { framed } from '../../packages/rpc';
import { start } from '../support/children';
import { openDescriptors } from '../support/descriptors';
import { leftOverIn } from './dbus-peers';
import { reportRow } from './report';
import { leftEarly } from './wayland-peers';
import { allProtocols, startWeston, type Weston } from './weston';

// Programs of weston, through a proxy of segments behind which there is one of messages, and weston behind that.

const PROGRAMS = [
  'weston-simple-shm',
  'weston-simple-damage',
  'weston-presentation-shm',
  'weston-flower',
  'weston-smoke',
  'weston-clickdot',
  'weston-eventdemo',
  'weston-resizor',
  'weston-scaler',
  'weston-stacking',
  'weston-transformed',
  'weston-dnd',
  'weston-editor',
  'weston-cliptest',
];

const protocol = allProtocols();

/** What one program has said and heard. */
interface Drawn {
  pools: number;
  commits: number;
  events: number;
}

/** Checks what passes, and counts the programs that have drawn and those that have left. */
class Watching extends EventEmitter {
  wrong = 0;
  readonly #drawn = new Map<FdSocket, Drawn>();
  #left = 0;

  see({ from, side, message }: Passing<WaylandMessage>): void {
    const drawn = this.#drawn.get(from) ?? { pools: 0, commits: 0, events: 0 };
    this.#drawn.set(from, drawn);
    if (side === 'to') drawn.events++;
    else {
      const { name, args, fds: own } = message();
      if (name === 'commit') drawn.commits++;
      if (name === 'create_pool') {
        drawn.pools++;
        // libwayland-cursor makes the file larger before the pool; no file is smaller than its pool.
        const [memory] = own;
        if (memory === undefined || fstatSync(memory.fd).size < Number(args['size'])) this.wrong++;
      }
    }
    const done = [...this.#drawn.values()].filter(
      ({ pools, commits, events }) => pools > 0 && commits > 0 && events > 20,
    );
    if (done.length === PROGRAMS.length) this.emit('drawn');
  }

  left({ from }: Forwarded): void {
    this.#drawn.delete(from);
    this.#left++;
    if (this.#left % PROGRAMS.length === 0) this.emit('left');
  }
}

/** Starts all programs, until each has drawn, and ends them. */
async function drawAll(weston: Weston, display: string, watching: Watching): Promise<void> {
  const env = { XDG_RUNTIME_DIR: weston.directory, WAYLAND_DISPLAY: display };
  const drawn = once(watching, 'drawn');
  const left = once(watching, 'left');
  const programs = PROGRAMS.map((program) => start(program, [], { env }));
  const early = programs.map(async ({ finished }, index) => {
    const { stderr } = await finished;
    throw new Error(`${PROGRAMS[index]} ended before it had drawn: ${stderr}`);
  });
  await Promise.race([drawn, ...early]);
  for (const program of programs) program.kill('SIGTERM');
  await Promise.allSettled([...early, left]);
}

/** How many descriptors a process has open, once that has not changed for a while. */
async function settledCount(pid: number): Promise<number> {
  let count = openDescriptors(pid).size;
  for (let same = 0; same < 500; same++) {
    await nextTurn();
    const now = openDescriptors(pid).size;
    if (now !== count) same = 0;
    count = now;
  }
  return count;
}

it(`${PROGRAMS.length} programs of weston draw through a proxy of segments and one of messages`, async () => {
  await using weston = await startWeston(['--backend=headless-backend.so']);
  const watching = new Watching();
  const errors: Error[] = [];
  // A program that is killed has not read all.
  const note = ({ error }: Forwarded): void => {
    if (error !== undefined && !leftEarly(error)) errors.push(error);
  };
  const [outer, inner] = ['segments', 'messages'].map((name) => path.join(weston.directory, name)) as [string, string];
  const listeners = [await listen(outer), await listen(inner)] as const;
  const proxies = [
    proxy(listeners[0], inner, { ended: note }),
    proxy(listeners[1], weston.path, {
      codec: waylandMessages(protocol, 'server'),
      seen: (_frame, passing) => watching.see(passing),
      ended(forwarded) {
        note(forwarded);
        watching.left(forwarded);
      },
    }),
  ] as const;

  // The first round brings weston to where it is with no clients but its own.
  await drawAll(weston, outer, watching);
  const before = await settledCount(weston.pid);
  await drawAll(weston, outer, watching);
  await Promise.all(listeners.map((listener) => listener.close()));
  const [segments, messages] = await Promise.all(proxies);

  expect(errors).toEqual([]);
  expect([segments.from.bytes, segments.from.fds]).toEqual([messages.from.bytes, messages.from.fds]);
  reportRow(
    {
      peer: `${PROGRAMS.length} programs of weston, through two proxies`,
      messages: messages.from.frames + messages.to.frames,
      fdsSent: messages.from.fds,
      fdsReceived: messages.to.fds,
      wrong: watching.wrong,
      leftOver: Math.max(0, await leftOverIn(weston.pid, before)),
    },
    { messages: 1000, fdsSent: 20 },
  );
});

/** The keymap that a compositor sends, whose descriptor is closed. */
async function keymapOf(at: string): Promise<Buffer> {
  await using connection = framed(await connect(at), waylandMessages(protocol, 'client'));
  await connection.send({ object: 1, name: 'get_registry', args: { registry: 2 } });
  for await (const { name, args, fds: own } of connection) {
    using keymap = own[0];
    if (name === 'global' && args['interface'] === 'wl_seat') {
      const seat = { interface: 'wl_seat', version: 7, id: 3 };
      await connection.send({ object: 2, name: 'bind', args: { name: args['name'] as number, id: seat } });
      await connection.send({ object: 3, name: 'get_keyboard', args: { id: 4 } });
    }
    if (name !== 'keymap' || keymap === undefined) continue;
    const bytes = Buffer.alloc(Number(args['size']));
    readSync(keymap.fd, bytes, 0, bytes.length, 0);
    return bytes;
  }
  throw new Error('no keymap came');
}

it('the keymap of a compositor with a keyboard is the same through a proxy of segments and one of messages', async () => {
  await using x11 = start('Xvfb', ['-displayfd', '1', '-nolisten', 'tcp', '-screen', '0', '640x480x24']);
  const display = `:${await x11.line()}`;
  await using weston = await startWeston(['--backend=x11-backend.so', '--use-pixman'], { DISPLAY: display });
  const [outer, inner] = ['segments', 'messages'].map((name) => path.join(weston.directory, name)) as [string, string];
  const listeners = [await listen(outer), await listen(inner)] as const;
  const proxies = [
    proxy(listeners[0], inner),
    proxy(listeners[1], weston.path, { codec: waylandMessages(protocol, 'server') }),
  ] as const;
  const own = await keymapOf(weston.path);
  const before = await settledCount(weston.pid);
  const through = await keymapOf(outer);
  await Promise.all(listeners.map((listener) => listener.close()));
  const [, messages] = await Promise.all(proxies);

  expect(own.toString()).toMatch(/^xkb_keymap \{/);
  expect(through.length).toBeGreaterThan(30_000);
  reportRow(
    {
      peer: `a keymap of weston, ${through.length} bytes`,
      messages: messages.from.frames + messages.to.frames,
      fdsSent: messages.from.fds,
      fdsReceived: messages.to.fds,
      wrong: through.equals(own) ? 0 : 1,
      leftOver: Math.max(0, await leftOverIn(weston.pid, before)),
    },
    { fdsReceived: 1 },
  );
});
