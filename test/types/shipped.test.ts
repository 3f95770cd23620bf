import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { built } from '../support/built';
import { testSnippets } from './snippets';

// The declarations that are shipped, as a user's compiler sees them: whatever options it has, and without the sources.

const PRELUDE = `
import { errorMonitor, on, once } from 'node:events';
import * as http from 'node:http';
import { Duplex, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  adopt, connect, createConnection, fds, type FdFrame, type FdLike, FdServer, FdSocket, type FdSocketOptions, handoff, listen,
  OwnedFd, raw, socketpair,
} from 'ancillary';
import { dbusMessages, type FrameCodec, lengthPrefixed } from 'ancillary/codec';
import { framed } from 'ancillary/rpc';
import { KernelModel, modelSocketPair } from 'ancillary/testing';
declare const socket: FdSocket;
declare const server: FdServer;
declare const owned: OwnedFd;
declare const frame: FdFrame;
declare const maybe: { number?: number; flag?: boolean; signal?: AbortSignal };
function is<T>(value: T): void {}
`;

const COMPILES: readonly (readonly [name: string, source: string])[] = [
  // Events of Duplex and of net, and ours.
  [
    'every event of a Duplex and of net',
    `for (const name of ['close', 'drain', 'end', 'finish', 'pause', 'readable', 'resume', 'connect', 'ready', 'timeout'] as const) {
     socket.on(name, () => {}).once(name, () => {}).addListener(name, () => {}).prependListener(name, () => {});
     socket.prependOnceListener(name, () => {}).removeListener(name, () => {}).off(name, () => {}).removeAllListeners(name);
     is<boolean>(socket.emit(name));
     is<number>(socket.listenerCount(name));
   }`,
  ],
  [
    'what listeners get',
    `socket.on('error', (error) => is<Error>(error)).once('error', ({ message }) => is<string>(message));
   socket.prependListener('fds', ({ fds, range }) => { is<OwnedFd[]>(fds); is<number>(range.start); });
   socket.on('discarded', ({ count, reason }) => { is<number>(count); is<string>(reason); });
   socket.on('pipe', (source) => is<Readable>(source)).on('unpipe', (source: Readable) => {});
   socket.emit('error', new Error('x'));`,
  ],
  [
    'data of any kind',
    `socket.on('data', (chunk: Buffer) => {}).on('data', (chunk: string) => {}).on('data', (chunk) => chunk.length);`,
  ],
  [
    'symbols, and events of every emitter',
    `socket.on(errorMonitor, (error) => is<Error>(error)); socket.on(Symbol('mine'), (given: number) => {});
   socket.on('newListener', (event) => is<string | symbol>(event));`,
  ],
  [
    'events as promises',
    `await new Promise((resolve) => socket.once('close', resolve));
   await new Promise<void>((resolve, reject) => socket.once('end', resolve).once('error', reject));
   const [came] = (await once(socket, 'fds')) as [FdFrame];
   for await (const [each] of on(socket, 'data')) is<unknown>(each);`,
  ],
  [
    'events of a server',
    `server.on('connection', (connection) => is<FdSocket>(connection)).once('error', (error) => is<Error>(error));
   server.off('close', () => {}).prependListener('close', () => {}).on('drop', (drop) => is<string | undefined>(drop.localAddress));
   await once(server, 'close'); is<boolean>(server.emit('close'));`,
  ],
  // What takes any Duplex, or any emitter.
  [
    'what takes any Duplex or emitter',
    `is<Duplex>(socket); is<NodeJS.ReadWriteStream>(socket); is<NodeJS.EventEmitter>(socket); is<NodeJS.EventEmitter>(server);
   await pipeline(socket, socket);
   http.createServer().emit('connection', socket);
   http.get({ createConnection: () => createConnection('/x') });`,
  ],
  // Options that may be undefined, as Node's are.
  [
    'options that are undefined',
    `const all: FdSocketOptions = {
     maxFdsPerFrame: maybe.number, onSurplus: undefined, onTruncated: undefined, maxQueuedFds: maybe.number,
     highWaterMark: maybe.number, allowHalfOpen: maybe.flag, onread: undefined,
   };
   await connect('/x', { ...all, signal: maybe.signal, timeout: maybe.number, retry: maybe.flag });
   createConnection('/x', { signal: maybe.signal });
   await listen({ path: '/x', mode: maybe.number }, { ...all, signal: maybe.signal, backlog: maybe.number, retry: maybe.flag });
   const [one, other] = socketpair({ child: undefined }); is<FdSocket>(other);
   adopt(5, all); await socket.send('x', [], { transfer: maybe.flag, signal: maybe.signal });
   fds.memfd('x', undefined, { seal: maybe.flag }); fds.toSocket(5, { onread: undefined });
   await handoff.sendFd(socket, 5, { acknowledge: maybe.flag, byte: maybe.number });
   await handoff.receiveFd(socket, { acknowledge: maybe.flag });
   raw.receiveMessage(5, Buffer.alloc(1), { maxFds: maybe.number });
   lengthPrefixed({ lengthBytes: undefined, countBytes: undefined, littleEndian: maybe.flag, maxLength: maybe.number });
   lengthPrefixed().encode({ bytes: Buffer.alloc(1), fds: undefined });
   dbusMessages().encode({ type: 'signal', serial: 1, path: '/', interface: 'a.B', member: 'C', destination: undefined, fds: undefined });
   new KernelModel({ kernel: undefined, sndbuf: maybe.number, fdLimit: maybe.number, inFlightLimit: maybe.number, trace: undefined });
   modelSocketPair({ seed: maybe.number, faults: undefined, kernel: undefined, sndbuf: maybe.number, socket: undefined });`,
  ],
  [
    'a codec with what is undefined',
    `const codec: FrameCodec<string> = {
     measure: (buffered, scanned) => ({ need: 5, scanned: undefined }),
     decode: ({ bytes }) => bytes.toString(),
     encode: (text) => ({ bytes: Buffer.from(text), fds: undefined, transfer: undefined }),
     reads: undefined, descriptors: undefined,
   };
   await framed(socket, codec).send('x');`,
  ],
  [
    'owners and what can be sent',
    `using copy = owned.dup(); is<number>(copy.fd); const likes: FdLike[] = [5, owned, socket, server, frame.fds[0] ?? 5];`,
  ],
];

const REFUSED: readonly (readonly [source: string, message: RegExp])[] = [
  [`socket.on('colse', () => {});`, /'"colse"' is not assignable/],
  [`socket.once('errors', () => {});`, /'"errors"' is not assignable/],
  [`socket.addListener('fd', () => {});`, /'"fd"' is not assignable/],
  [`socket.prependListener('dta', () => {});`, /'"dta"' is not assignable/],
  [`socket.prependOnceListener('connected', () => {});`, /'"connected"' is not assignable/],
  [`socket.off('timeOut', () => {});`, /'"timeOut"' is not assignable/],
  [`socket.removeListener('discard', () => {});`, /'"discard"' is not assignable/],
  [`socket.removeAllListeners('dat');`, /'"dat"' is not assignable/],
  [`socket.listenerCount('dat');`, /'"dat"' is not assignable/],
  [`socket.emit('tiemout');`, /'"tiemout"' is not assignable/],
  [`socket.emit('error', 'text');`, /'string' is not assignable to parameter of type 'Error'/],
  [`socket.emit('fds');`, /Expected 2 arguments/],
  [`socket.on('error', (error) => error.mesage);`, /'mesage' does not exist on type 'Error'/],
  [`socket.on('fds', (frame) => frame.descriptors);`, /'descriptors' does not exist on type 'FdFrame'/],
  [`socket.on('fds', (frame: string) => {});`, /not assignable/],
  [`server.on('conection', () => {});`, /'"conection"' is not assignable/],
  [`socket.once('close', (code: number) => code);`, /not assignable/],
  [`server.emit('listening');`, /'"listening"' is not assignable/],
  [`server.on('connection', (connection) => connection.frame());`, /'frame' does not exist on type 'FdSocket'/],
  [`new FdSocket();`, /Constructor of class 'FdSocket' is private/],
  [`new FdServer();`, /Constructor of class 'FdServer' is private/],
  [`new OwnedFd();`, /Constructor of class 'OwnedFd' is private/],
  [`FdSocket.wrap;`, /'wrap' does not exist/],
  [`FdServer.wrap;`, /'wrap' does not exist/],
  [`OwnedFd.ofLedger;`, /'ofLedger' does not exist/],
  [`owned.table;`, /'table' does not exist/],
  [`owned.registered;`, /'registered' does not exist/],
  [`socket.stats.received(1, 2);`, /'received' does not exist/],
  [`await connect('/x', { retrys: true });`, /'retrys' does not exist/],
];

const snippets = testSnippets(PRELUDE, COMPILES, REFUSED);

test('the declarations are without an error in a project without esModuleInterop', () => {
  expect(snippets.errorsOfDeclarations()).toEqual([]);
});

const dist = path.dirname(built());
const shipped = readdirSync(dist, { encoding: 'utf8', recursive: true }).filter((file) => /\.d\.m?ts$/.test(file));

test('no declaration has a default import or export, which not every project may have', () => {
  expect(shipped).toContain(path.join('ancillary', 'index.d.ts'));
  expect(shipped.filter((file) => /^import (type )?\w+( from|,)|\bdefault\b/m.test(code(file)))).toEqual([]);
});

test('no declaration has what is for the package alone', () => {
  expect(shipped.filter((file) => readFileSync(path.join(dist, file), 'utf8').includes('@internal'))).toEqual([]);
});

/** Without comments. */
function code(file: string): string {
  return readFileSync(path.join(dist, file), 'utf8').replace(/\/\*.*?\*\//gs, '');
}
