import { testSnippets } from './snippets';

// What rpc() and the frameworks make of types: those of the peer's handlers, as they are over here.

const PRELUDE = `
import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { fds, type FdSocket, type OwnedFd } from 'ancillary';
import {
  type CallContext, framed, give, type GivenFd, type Handlers, jsonValues, type Received, type RemoteFunctions, type Result, rpc, type Rpc, RpcError, type Sent,
} from 'ancillary/rpc';
import { fdChannel } from 'ancillary/rpc/birpc';
import { fdOf, fdTransport, fdValue } from 'ancillary/rpc/capnweb';
import { fdMessageConnection } from 'ancillary/rpc/vscode-jsonrpc';
import { fdEndpoint } from 'ancillary/rpc/comlink';
import { createBirpc } from 'birpc';
import { wrap } from 'comlink';
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
    'what only looks like an error',
    `class Told extends Error { toJSON() { return { text: this.message }; } }
     const handlers = { log: ({ name, message }: { name: string; message: string }) => ({ name, message }), told: () => new Told('x') };
     rpc(socket, handlers); is<string>((await rpc<typeof handlers>(socket).call('told')).text);`,
  ],
  [
    'an interface of handlers',
    `interface Service { add(numbers: number[]): number } const peer = rpc<Service>(socket); is<number>(await peer.call('add', [1]));
     class Impl implements Service { add = (numbers: number[]) => numbers.length; }`,
  ],
  [
    'a class of handlers',
    `class Api { #count = 0; add(by: number) { return this.#count += by; } private helper() { return 5n; } }
     const peer: Rpc<Api> = rpc(socket, new Api()); is<number>(await peer.call('add', 5));`,
  ],
  [
    'what JSON has, in all its forms',
    `interface Tree { name: string; at: Date; children: Tree[]; parent?: Tree | undefined }
     type Json = string | number | boolean | null | Json[] | { [name: string]: Json };
     const all = {
       tree: (tree: { children: unknown[] }): Tree => ({ name: '', at: new Date(), children: [] }),
       json: async (json: Json) => json, any: (value: any): any => value, unknown: (value: unknown) => value,
       same: <T,>(value: T) => value, buffer: () => Buffer.from(''), record: (): Record<string, [OwnedFd, 5 | 'x']> => ({}),
       given: () => [give(5)], nothing: async () => {}, lent: (file: OwnedFd | undefined) => file,
       items: async function* () { yield { at: new Date() }; }, data: (of: { fd: number; path: string }) => of,
     };
     const remote = rpc<typeof all>(socket, all); is<string>((await remote.call('tree', { children: [] })).at);
     const other: Rpc<typeof all> = rpc(socket, all); is<OwnedFd[]>(await other.call('given'));`,
  ],
  [
    'handlers of a type that is not known yet',
    `function both<Mine extends Handlers<Mine>>(mine: Mine): [Rpc<Mine>, Rpc] { return [rpc<Mine>(socket), rpc(socket, mine)]; }
     is<number>(await both({ one: () => 1 })[0].call('one'));`,
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
  [
    'functions of a peer by frameworks that do not know of descriptors',
    `const functions = { read: (file: OwnedFd, size?: number) => size ?? 5, make: async () => ({ file: give(5) }), name: 'x' };
     const peer = createBirpc<RemoteFunctions<Pick<typeof functions, 'read' | 'make'>>>({}, fdChannel(socket));
     is<number>(await peer.read(give(owned))); is<number>(await peer.read(owned, 1)); is<OwnedFd>((await peer.make()).file);
     const exposed = wrap<RemoteFunctions<typeof functions>>(fdEndpoint(socket));
     is<number>(await exposed.read(give(owned))); is<OwnedFd>((await exposed.make()).file); is<string>(await exposed.name);`,
  ],
  ['Cap’n Web', `fdTransport(socket); is<Uint8Array>(fdValue(give(5))); is<OwnedFd>(fdOf(fdValue(owned)));`],
];

const REFUSED: (readonly [source: string, message: RegExp])[] = [
  [`await client.call('opne', { path: 'x' });`, /"opne"' is not assignable/],
  [`await client.call('open');`, /Expected 2-3 arguments, but got 1|not assignable/],
  [`await client.call('open', { file: 'x' });`, /'file' does not exist/],
  [`await client.call('read', 5);`, /'number' is not assignable/],
  [`(await client.call('open', { path: 'x' })).fil;`, /'fil' does not exist/],
  [`(await client.call('open', { path: 'x' })).at.getTime();`, /'getTime' does not exist on type 'string'/],
  [`for await (const { name } of await client.call('items', 5)) {}`, /'name' does not exist/],
  [
    `const peer = createBirpc<RemoteFunctions<{ read(file: OwnedFd): void }>>({}, fdChannel(socket)); await peer.read(5);`,
    /'number' is not assignable to parameter of type 'OwnedFd \| GivenFd'/,
  ],
  [`rpc(socket, { open: 5 });`, /'number' is not assignable/],
  [`rpc(socket, {}, { maxpending: 5 });`, /'maxpending' does not exist/],
];

// What JSON does not have, each told by a sentence.
for (const [handler, sentence] of [
  [
    `() => ({ rows: [{ total: 1n }] })`,
    /its result\.rows\[\]\.total is a bigint, which JSON does not have: use a string/,
  ],
  [
    `async () => open('file')`,
    /its result is not sent by itself: give\(\) sends its descriptor, which arrives as an OwnedFd/,
  ],
  [`() => ({ file: createReadStream('file') })`, /its result\.file is not sent by itself: give\(\)/],
  [`() => socket`, /its result is not sent by itself/],
  [`async () => new Map([['a', 1]])`, /its result is a Map, a Set or another object/],
  [`() => ({ set: new Set([1]) as ReadonlySet<number> })`, /its result\.set is a Map, a Set or another object/],
  [`() => ({ later: Promise.resolve(1) })`, /its result\.later is a Promise: await it first/],
  [`() => ({ later: [Promise.resolve(1)] })`, /its result\.later\[\] is a Promise: await it first/],
  [`() => new Error('no')`, /its result is an Error, of which JSON has no message: throw it, or use members/],
  [`() => ({ why: new RpcError('ENO', 'no') })`, /its result\.why is an Error/],
  [`() => ({ call: () => 1 })`, /its result\.call is a function/],
  [`() => Symbol('x')`, /its result is a symbol/],
  [`() => new Uint8Array(1)`, /its result is bytes, which JSON does not have: use text, or the OwnedFd of a memfd/],
  [`async function* () { yield { n: 1n } }`, /its item\.n is a bigint/],
  [`(given: { n?: bigint }) => 1`, /its argument\.n is a bigint/],
  [`(given: Map<string, number>) => 1`, /its argument is a Map/],
  [`(given: { at: Date }) => 1`, /its argument\.at arrives as what its toJSON\(\) makes: a Date as a string/],
  [`(given: FileHandle | undefined) => 1`, /its argument is not sent by itself/],
  [`(call: () => void) => 1`, /its argument is a function/],
] as const) {
  const declared = `const bad = { handler: ${handler} };`;
  REFUSED.push([`${declared} rpc(socket, bad);`, sentence], [`${declared} rpc<typeof bad>(socket);`, sentence]);
}

const snippets = testSnippets(PRELUDE, COMPILES, REFUSED);

test('the declarations are without an error', () => {
  expect(snippets.errorsOfDeclarations()).toEqual([]);
});
