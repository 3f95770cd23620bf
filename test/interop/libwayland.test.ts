import { type FdSocket, socketpair } from '../../packages/ancillary';
import { forward, type ForwardOptions } from '../../packages/ancillary/proxy';
import { waylandMessages } from '../../packages/codec';
import { destroyed } from '../socket/sockets';
import { compileC, start } from '../support/children';
import { LIBWAYLAND_CLIENT, LIBWAYLAND_SERVER } from './libwayland';
import { reportRow } from './report';
import { type Came, client, compositor, leftEarly, WAYLAND } from './wayland-peers';

// libwayland batches: it sends what it has written so far with one sendmsg, up to 4096 bytes and 28 descriptors.

const COUNT = 1000;

/** What a program of libwayland.ts has seen. */
interface Seen {
  readonly pools: number;
  readonly keymaps: number;
  readonly wrong: number;
  readonly leftOver: number;
}

/** A program of libwayland.ts, and our end of its connection. `await using` ends both. */
interface Peer extends AsyncDisposable {
  readonly socket: FdSocket;
  seen(): Promise<Seen>;
}

function startLibwayland(which: 'client' | 'server'): Peer {
  const source = which === 'client' ? LIBWAYLAND_CLIENT : LIBWAYLAND_SERVER;
  const [socket, theirs] = socketpair({ child: true });
  // What uses a library comes behind it here.
  const program = compileC(source, ['-Wl,--no-as-needed', `-lwayland-${which}`]);
  const child = start(program, [String(COUNT)], { descriptors: [theirs.fd] });
  theirs.close();
  return {
    socket,
    async seen() {
      const { stdout } = await child.succeeded();
      const [pools = NaN, keymaps = NaN, wrong = NaN, leftOver = NaN] = stdout.trim().split(' ').map(Number);
      return { pools, keymaps, wrong, leftOver };
    },
    async [Symbol.asyncDispose]() {
      await child[Symbol.asyncDispose]();
      await destroyed(socket);
    },
  };
}

/** Of what reached each end. */
function report(peer: string, came: Came, theirs: Seen, sent: 'pools' | 'keymaps', messages: number): void {
  const { wrong, leftOver } = theirs;
  reportRow(
    { peer, messages, fdsSent: theirs[sent], fdsReceived: came.fds, wrong: came.wrong + wrong, leftOver },
    { messages: 4 * COUNT, fdsSent: COUNT, fdsReceived: COUNT },
  );
}

it('our compositor has exactly the pools of a libwayland client, which has exactly its keymaps', async () => {
  await using peer = startLibwayland('client');
  const came = await compositor(peer.socket, COUNT);
  report('libwayland client', came, await peer.seen(), 'keymaps', came.messages + peer.socket.stats.framesSent);
});

it('our client has exactly the keymaps of a libwayland compositor, which has exactly its pools', async () => {
  await using peer = startLibwayland('server');
  const came = await client(peer.socket, COUNT);
  report('libwayland compositor', came, await peer.seen(), 'pools', came.messages + peer.socket.stats.framesSent);
});

it.each<[string, ForwardOptions]>([
  ['segments', {}],
  ['messages', { codec: waylandMessages(WAYLAND, 'server') }],
])('two of libwayland have exactly what the other sent through a proxy of %s', async (what, options) => {
  await using from = startLibwayland('client');
  await using to = startLibwayland('server');
  const forwarding = forward(from.socket, to.socket, options);
  await forwarding.catch((error: unknown) => {
    if (!leftEarly(error)) throw error;
  });
  const { totals } = forwarding;
  const [one, other] = [await from.seen(), await to.seen()];
  expect([one.pools, one.keymaps, other.pools, other.keymaps]).toEqual([COUNT, COUNT, COUNT, COUNT]);
  reportRow(
    {
      peer: `libwayland through a proxy of ${what}`,
      messages: totals.from.frames + totals.to.frames,
      fdsSent: totals.from.fds,
      fdsReceived: totals.to.fds,
      wrong: one.wrong + other.wrong,
      leftOver: one.leftOver + other.leftOver,
    },
    { fdsSent: COUNT, fdsReceived: COUNT, ...(what === 'messages' ? { messages: 4 * COUNT } : {}) },
  );
});
