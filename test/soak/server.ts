import { setTimeout as delay } from 'node:timers/promises';
import { type FdSocket, listen, OwnedFd } from '../../packages/ancillary';
import { lengthPrefixed } from '../../packages/codec';
import { differencesAfterSettling, openDescriptors } from '../support/descriptors';
import { LIMITS } from './limits';
import { isMode, type Mode } from './modes';

/*
 * The server under test, in a process of its own: whatever is left behind, is left behind here. Its parent asks for figures,
 * and at the end for what is still open.
 */

export interface Figures {
  readonly descriptors: number;
  readonly connections: number;
  readonly rss: number;
  readonly heap: number;
  readonly heapTotal: number;
  readonly external: number;
  readonly frames: number;
  readonly accepted: number;
  /** What connections ended with, by code. */
  readonly ends: Readonly<Record<string, number>>;
}

export type Told = { readonly figures: Figures } | { readonly listening: true } | { readonly left: readonly string[] };

const [, , path = ''] = process.argv;
const codec = lengthPrefixed({ maxLength: 1 << 20 });
const ends = new Map<string, number>();
let frames = 0;
let accepted = 0;
let connections = 0;

function count(code: string): void {
  ends.set(code, (ends.get(code) ?? 0) + 1);
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'code' in error ? String(error.code) : error.message;
}

async function serve(socket: FdSocket): Promise<void> {
  let mode: Mode | undefined;
  for await (const frame of socket.frames(codec)) {
    const { bytes, fds } = codec.decode(frame);
    const asked = bytes.toString();
    OwnedFd.closeAll(fds);
    if (isMode(asked)) mode = asked;
    break;
  }
  if (mode === 'bytes') {
    socket.on('data', () => OwnedFd.closeAll(socket.takeFds()));
    await new Promise((resolve) => socket.once('close', resolve));
    return;
  }
  // For so long that it is full.
  if (mode === 'deaf') await delay(2_000);
  let served = 0;
  await socket.forEachFrame(async (frame) => {
    using message = frame;
    frames++;
    if (mode === 'throwing' && ++served > 3) throw Object.assign(new Error('on purpose'), { code: 'thrown' });
    await socket.send(message.bytes, message.fds.splice(0), { transfer: true });
  }, codec);
  socket.end();
}

function figures(): Figures {
  const { rss, heapUsed, heapTotal, external } = process.memoryUsage();
  return {
    descriptors: openDescriptors().size,
    connections,
    rss,
    heap: heapUsed,
    heapTotal,
    external,
    frames,
    accepted,
    ends: Object.fromEntries(ends),
  };
}

function tell(told: Told): void {
  process.send?.(told);
}

async function main(): Promise<void> {
  const before = openDescriptors();
  const server = await listen({ path, mode: 0o666 }, LIMITS);
  server.on('error', (error) => count(`server: ${codeOf(error)}`));
  server.on('connection', (socket) => {
    accepted++;
    connections++;
    socket.on('error', () => undefined);
    socket.once('close', () => connections--);
    serve(socket).then(
      () => count('ended'),
      (error: unknown) => {
        count(codeOf(error));
        socket.destroy();
      },
    );
  });
  process.on('warning', ({ message }) => count(`warning: ${message}`));
  process.on('message', (asked) => {
    if (asked === 'figures') tell({ figures: figures() });
    else
      void server
        .close()
        .then(() => differencesAfterSettling(before))
        .then((left) => tell({ left }));
  });
  tell({ listening: true });
}

void main();
