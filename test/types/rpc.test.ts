import { testSnippets } from './snippets';

// What rpc() and the frameworks make of types: those of the peer's handlers, as they are over here.

const PRELUDE = `
import { fds, type FdSocket, type OwnedFd } from 'ancillary';
import {
  type CallContext, framed, give, type GivenFd, jsonValues, type Received, type Result, rpc, type Rpc, RpcError, type Sent,
} from 'ancillary/rpc';
import { fdChannel } from 'ancillary/rpc/birpc';
import { fdOf, fdTransport, fdValue } from 'ancillary/rpc/capnweb';
import { fdMessageConnection } from 'ancillary/rpc/vscode-jsonrpc';
import { createBirpc } from 'birpc';
import { createMessageConnection, type MessageConnection, RequestType } from 'vscode-jsonrpc/node';
declare const socket: FdSocket;
declare const owned: OwnedFd;
const handlers = {
  open({ path }: { path: string }, { signal, connection }: CallContext) { return { file: give(5), path, at: new Date(), length: 5n > 4n }; },
  async read(file: OwnedFd) { return file.fd; },
  list: (files: readonly OwnedFd[]) => files,
  maybe: (text?: string) => text ?? null,
  nothing: () => {},
  async *items(count: number) { yield { file: give(fds.memfd('x')), count }; return 'done'; },
};
const client = rpc<typeof handlers>(socket, handlers, { maxPending: 5 });
function is<T>(value: T): void {}
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true : false;
`;

const COMPILES: readonly (readonly [name: string, source: string])[] = [
  [
    'results, with descriptors as they arrive',
    `const { file, path, at, length } = await client.call('open', { path: 'x' });
     is<OwnedFd>(file); is<string>(path); is<string>(at); is<boolean>(length);
     is<number>(await client.call('read', owned));
     is<readonly OwnedFd[]>(await client.call('list', [owned, owned]));`,
  ],
  [
    'arguments, with descriptors lent or given',
    `await client.call('read', owned); await client.call('read', give(owned)); await client.call('list', [owned, give(5)]);
     await client.notify('read', give(owned));`,
  ],
  [
    'arguments that may be left out, and options',
    `await client.call('nothing'); await client.call('maybe'); await client.call('maybe', 'x', { signal: AbortSignal.timeout(5) });
     await client.call('nothing', undefined, { signal: undefined }); await client.notify('nothing');
     is<string | null>(await client.call('maybe'));`,
  ],
  [
    'iterators',
    `for await (const { file, count } of await client.call('items', 5)) { is<OwnedFd>(file); is<number>(count); }
     await using items = await client.call('items', 5); await items.return();`,
  ],
  [
    'a connection whose peer is not known',
    `const any: Rpc = rpc(socket, { echo: (value) => value, later: async (value, { signal }) => signal.aborted });
     is<unknown>(await any.call('whatever', { a: [1, give(5)] })); await any.closed;`,
  ],
  [
    'what arrives and what may be sent',
    `is<true>(null as unknown as Same<Received<{ a: GivenFd; b: [OwnedFd, Date] }>, { a: OwnedFd; b: [OwnedFd, string] }>);
     is<Sent<{ a: OwnedFd; b?: string }>>({ a: give(5) }); is<Result<() => Promise<5>>>(5);`,
  ],
  [
    'an interface of handlers',
    `interface Service { add(numbers: number[]): number } const peer = rpc<Service>(socket); is<number>(await peer.call('add', [1]));
     class Impl implements Service { add = (numbers: number[]) => numbers.length; }`,
  ],
  [
    'errors',
    `try { await client.call('nothing'); } catch (error) { if (error instanceof RpcError) { is<string | number>(error.code); is<unknown>(error.data); } }
     throw new RpcError('ENOENT', 'none', { log: give(5) });`,
  ],
  [
    'values over a codec',
    `const messages = framed(socket, jsonValues({ maxDepth: undefined })); await messages.send({ any: [owned] });
     for await (const { value, fds: held } of messages) { is<unknown>(value); is<readonly OwnedFd[]>(held); }`,
  ],
  [
    'vscode-jsonrpc',
    `const connection: MessageConnection = fdMessageConnection(createMessageConnection, socket, {
       logger: console, connection: { maxParallelism: 4, messageStrategy: { handleMessage: (message, next) => next(message) } },
     });
     const type = new RequestType<{ path: string }, { file: OwnedFd }, void>('open');
     is<OwnedFd>((await connection.sendRequest(type, { path: 'x' })).file);`,
  ],
  [
    'birpc',
    `const peer = createBirpc<{ read(file: OwnedFd): number }, { write(file: OwnedFd): void }>({ write() {} }, fdChannel(socket));
     is<number>(await peer.read(owned));
     createBirpc({}, { ...fdChannel(socket), timeout: 5 });`,
  ],
  ['Cap’n Web', `fdTransport(socket); is<Uint8Array>(fdValue(give(5))); is<OwnedFd>(fdOf(fdValue(owned)));`],
];

const REFUSED: readonly (readonly [source: string, message: RegExp])[] = [
  [`await client.call('opne', { path: 'x' });`, /"opne"' is not assignable/],
  [`await client.call('open');`, /Expected 2-3 arguments, but got 1|not assignable/],
  [`await client.call('open', { file: 'x' });`, /'file' does not exist/],
  [`await client.call('read', 5);`, /'number' is not assignable/],
  [`(await client.call('open', { path: 'x' })).fil;`, /'fil' does not exist/],
  [`(await client.call('open', { path: 'x' })).at.getTime();`, /'getTime' does not exist on type 'string'/],
  [`for await (const { name } of await client.call('items', 5)) {}`, /'name' does not exist/],
  [`rpc(socket, { open: 5 });`, /'number' is not assignable/],
  [`rpc(socket, {}, { maxpending: 5 });`, /'maxpending' does not exist/],
];

const snippets = testSnippets(PRELUDE, COMPILES, REFUSED);

test('the declarations are without an error', () => {
  expect(snippets.errorsOfDeclarations()).toEqual([]);
});
