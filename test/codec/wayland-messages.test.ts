import { endianness } from 'node:os';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type FdSocket, OwnedFd, socketpair } from '../../packages/ancillary';
import { forward } from '../../packages/ancillary/proxy';
import {
  type WaylandCodec,
  type WaylandMessage,
  waylandMessages,
  type WaylandMessagesOptions,
  type WaylandOutgoing,
  waylandProtocol,
  type WaylandSide,
} from '../../packages/codec';
import { type Framed, framed } from '../../packages/rpc';
import { settled, until } from '../hostile/until';
import { destroyed, nextOf } from '../socket/sockets';
import { Files, identitiesOf } from '../support/files';
import { PROTOCOL, XML } from './wayland-protocol';
import { measureAt, wholeOf } from './wire';

/** Numbers of 32 bits in the order of this machine. */
function words(...numbers: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * numbers.length);
  for (const [index, number] of numbers.entries()) {
    if (endianness() === 'LE') bytes.writeUInt32LE(number >>> 0, 4 * index);
    else bytes.writeUInt32BE(number >>> 0, 4 * index);
  }
  return bytes;
}

/** A message with any header. */
function raw(object: number, opcode: number, body: Uint8Array = words(), size = 8 + body.length): Buffer {
  return Buffer.concat([words(object, size * 0x1_0000 + opcode), body]);
}

const text = (string: string): Buffer => {
  const length = Buffer.byteLength(string) + 1;
  return Buffer.concat([words(length), Buffer.from(string), Buffer.alloc(1 + (-length & 3))]);
};

/** Opcodes of the protocol beside this test. */
const THING = { destroy: 0, give: 1, one: 2, name: 3, ask: 4 } as const;

let sockets: FdSocket[];

beforeEach(() => {
  sockets = socketpair();
});

afterEach(async () => {
  await destroyed(...sockets);
});

function codecOf(side: WaylandSide, options?: WaylandMessagesOptions): WaylandCodec {
  return waylandMessages(PROTOCOL, side, options)({ socket: sockets[0] as FdSocket });
}

/** A codec of the server that has seen requests make a registry (2) and things. */
function withThings(...ids: readonly number[]): WaylandCodec {
  const codec = codecOf('server');
  codec.cut?.(raw(1, 1, words(2)));
  for (const id of ids) codec.cut?.(raw(2, 0, Buffer.concat([words(7), text('thing'), words(3, id)])));
  return codec;
}

const invalid = (message: string | RegExp): Error => {
  const said: unknown = typeof message === 'string' ? expect.stringContaining(message) : expect.stringMatching(message);
  return expect.objectContaining({ code: 'ERR_FRAME_INVALID', message: said }) as Error;
};

describe('waylandProtocol()', () => {
  it('reads requests, events and their arguments', () => {
    expect(PROTOCOL['thing']?.requests[THING.give]).toEqual({
      name: 'give',
      arguments: [
        { name: 'int', type: 'int' },
        { name: 'uint', type: 'uint' },
        { name: 'fixed', type: 'fixed' },
        { name: 'string', type: 'string', allowNull: true },
        { name: 'object', type: 'object', interface: 'thing', allowNull: true },
        { name: 'first', type: 'fd' },
        { name: 'array', type: 'array' },
        { name: 'second', type: 'fd' },
      ],
    });
    expect(PROTOCOL['wl_callback']).toEqual({
      requests: [],
      events: [{ name: 'done', arguments: [{ name: 'callback_data', type: 'uint' }] }],
    });
  });

  it('takes several files, as text or bytes, and is plain data', () => {
    const other = '<protocol name="o"><interface name="other"><event name="e"/></interface></protocol>';
    const both = waylandProtocol(Buffer.from(XML), other);
    expect(both['other']).toEqual({ requests: [], events: [{ name: 'e', arguments: [] }] });
    expect(JSON.parse(JSON.stringify(both))).toEqual(both);
  });

  it.each([
    ['no XML', ['text']],
    ['XML that breaks off', [XML.slice(0, 500)]],
    ['other XML', ['<html><body/></html>']],
    ['an interface that is there already', [XML, XML]],
    ['a type that there is not', [XML.replace('type="fixed"', 'type="float"')]],
    ['an interface without a name', ['<protocol><interface/></protocol>']],
    ['what is neither text nor bytes', [5]],
  ])('refuses %s', (_what, xml) => {
    expect(() => waylandProtocol(...(xml as string[]))).toThrow(TypeError);
  });
});

describe('measure()', () => {
  it('takes the length from the header, and the number of descriptors from the signature', () => {
    const codec = withThings(5);
    expect(codec.measure(Buffer.alloc(7), 0)).toEqual({ need: 8 });
    expect(codec.measure(raw(5, THING.one), 0)).toEqual({ length: 8, fds: 1 });
    expect(codec.measure(raw(5, THING.ask), 0)).toEqual({ length: 8, fds: 0 });
    expect(codec.measure(raw(5, THING.give, undefined, 32), 0)).toEqual({ length: 32, fds: 2 });
    expect(codec.measure(raw(5, THING.give, undefined, 0xfffc), 0)).toEqual({ length: 0xfffc, fds: 2 });
    expect(measureAt(codec, Buffer.concat([Buffer.alloc(3), raw(5, THING.one)]), 3)).toEqual({ length: 8, fds: 1 });
  });

  it('changes nothing: it may be asked again, and ahead', () => {
    const codec = codecOf('server');
    const makes = raw(1, 1, words(2));
    for (let again = 0; again < 3; again++) expect(codec.measure(makes, 0)).toEqual({ length: 12, fds: 0 });
    expect(() => codec.measure(raw(2, 0), 0)).toThrow(invalid('object 2'));
  });

  it.each([
    ['an unknown object', raw(9, 0), /request 3 of the connection.* opcode 0.* object 9/],
    ['the null object', raw(0, 0), 'object 0'],
    ['an opcode that the interface does not have', raw(5, 5), /opcode 5.*object 5.*thing/],
    ['an opcode of events', raw(1, 3), /opcode 3.*wl_display/],
    ['no size', raw(5, THING.one, undefined, 0), 'thing@5.one'],
    ['a size less than the header', raw(5, THING.ask, undefined, 4), '4 bytes, where it has 8'],
    ['a size less than the arguments', raw(5, THING.give, undefined, 28), '28 bytes, where it has at least 32'],
    ['a size more than the arguments', raw(5, THING.ask, undefined, 12), '12 bytes, where it has 8'],
    ['a size that is no multiple of four', raw(5, THING.give, undefined, 33), '33 bytes'],
  ])('refuses %s, and names the message', (_what, bytes, message) => {
    expect(() => withThings(5).measure(bytes, 0)).toThrow(invalid(message));
  });
});

describe('objects', () => {
  it('are made by requests and by bind, and are of that interface', () => {
    const codec = withThings(5);
    expect(codec.measure(raw(5, THING.one), 0)).toMatchObject({ fds: 1 });
    expect(codec.measure(raw(2, 0, undefined, 24), 0)).toMatchObject({ fds: 0 });
  });

  it('of an interface that is not known are an error only when something is sent to them', () => {
    const codec = withThings();
    codec.cut?.(raw(2, 0, Buffer.concat([words(1), text('x'.repeat(5000)), words(1, 3)])));
    expect(() => codec.measure(raw(3, 0), 0)).toThrow(invalid(/interface x{64} the protocol/));
  });

  it('go when the server deletes their id, which may then be another', () => {
    const [client, server] = sides();
    server.cut?.(raw(1, 0, words(4)));
    client.cut?.(raw(4, 0, words(0)));
    expect(() => server.cut?.(raw(1, 1, words(4)))).toThrow(invalid('makes object 4, which there is already'));
    client.cut?.(raw(1, 1, words(4)));
    expect(() => client.measure(raw(4, 0, words(0)), 0)).toThrow(invalid('object 4'));
    server.cut?.(raw(1, 1, words(4)));
    expect(server.measure(raw(4, 0, undefined, 24), 0)).toMatchObject({ length: 24 });
  });

  it('of the server may be made again under the same id', () => {
    const [client, server] = sides(5);
    for (let again = 0; again < 2; again++) client.cut?.(raw(5, 0, words(0xff00_0000)));
    expect(server.measure(raw(0xff00_0000, THING.one), 0)).toMatchObject({ fds: 1 });
  });

  it.each([
    ['server', raw(1, 0, words(0)), 'makes object 0'],
    ['server', raw(1, 0, words(0xff00_0000)), 'no id that a client may give'],
    ['server', raw(1, 0, words(1)), 'makes object 1, which there is already'],
    ['client', raw(5, 0, words(6)), 'no id that a server may give'],
  ] as const)('a %s refuses one with an id that the peer may not give', (side, bytes, message) => {
    const [client, server] = sides(5);
    expect(() => (side === 'server' ? server : client).cut?.(bytes)).toThrow(invalid(message));
  });

  it.each([
    ['its name has no end', Buffer.concat([words(1, 4), Buffer.from('four'), words(1, 9)])],
    ['its name is longer than the message', words(1, 0x7fff_ffff, 1, 9)],
    ['it has no name', words(1, 0, 1, 9)],
    ['it has bytes behind its arguments', Buffer.concat([words(1), text('thing'), words(3, 9, 9)])],
  ])('are not made by a bind of which %s', (_what, body) => {
    expect(() => withThings().cut?.(raw(2, 0, body))).toThrow(invalid('wl_registry@2.bind'));
  });

  it.each([0, 1, 0xff00_0000, 0xffff_ffff])('are not deleted by the id %d, which no client gave', (id) => {
    const [client, server] = sides();
    client.cut?.(raw(1, 1, words(77)));
    const refused = invalid(`event 2 of the connection, wl_display@1.delete_id, deletes object ${id}, which is none`);
    expect(() => client.cut?.(raw(1, 1, words(id)))).toThrow(refused);
    expect(server.measure(raw(1, 0, words(9)), 0)).toEqual({ length: 12, fds: 0 });
    const sender = codecOf('server');
    expect(() => sender.encode({ object: 1, name: 'delete_id', args: { id } })).toThrow(invalid('deletes object'));
    expect(sender.measure(raw(1, 0, words(9)), 0)).toEqual({ length: 12, fds: 0 });
  });

  it('of which one message makes two are not of the same id, nor too many, and none is remembered then', () => {
    const one = { type: 'new_id', interface: 'thing' } as const;
    const both = {
      name: 'both',
      arguments: [
        { name: 'a', ...one },
        { name: 'b', ...one },
      ],
    };
    const { wl_display: display } = PROTOCOL;
    if (display === undefined) throw new Error('no display');
    const protocol = { ...PROTOCOL, wl_display: { ...display, requests: [...display.requests, both] } };
    const made = (side: WaylandSide) =>
      waylandMessages(protocol, side, { maxObjects: 2 })({ socket: sockets[0] as FdSocket });
    for (const [a, b, message] of [
      [2, 2, 'makes object 2 twice'],
      [2, 3, 'raise maxObjects'],
    ] as const) {
      const server = made('server');
      expect(() => server.cut?.(raw(1, 2, words(a, b)))).toThrow(invalid(message));
      expect(() => server.measure(raw(2, THING.ask), 0)).toThrow(invalid('object 2'));
      const client = made('client');
      expect(() => client.encode({ object: 1, name: 'both', args: { a, b } })).toThrow(invalid(message));
      expect(() => client.encode({ object: 1, name: 'get_registry', args: { registry: 2 } })).not.toThrow();
    }
  });

  it('of interfaces that are not known, with names as long as a message, take little memory', () => {
    const codec = withThings();
    const name = 'x'.repeat(60_000);
    setFlagsFromString('--expose-gc');
    const collectGarbage = runInNewContext('gc') as () => void;
    collectGarbage();
    const before = process.memoryUsage().heapUsed;
    for (let id = 3; id < 4003; id++)
      codec.cut?.(raw(2, 0, Buffer.concat([words(1), text(`${id}${name}`), words(1, id)])));
    collectGarbage();
    // The names are 240 MB, and what is kept of them less than one.
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(20_000_000);
    // It is used until here.
    expect(() => codec.measure(raw(4002, 0), 0)).toThrow(invalid(/interface 4002x{60} the protocol/));
  });

  it('are not more than there may be', () => {
    const codec = codecOf('server', { maxObjects: 100 });
    for (let id = 2; id <= 100; id++) codec.cut?.(raw(1, 0, words(id)));
    expect(() => codec.cut?.(raw(1, 0, words(101)))).toThrow(invalid('raise maxObjects'));
  });
});

/** The codecs of a proxy, for what comes from the server and from the client, once things were made. */
function sides(...ids: readonly number[]): [client: WaylandCodec, server: WaylandCodec] {
  const [from, to] = sockets as [FdSocket, FdSocket];
  const factory = waylandMessages(PROTOCOL, 'server');
  const server = factory({ socket: from, forwardedTo: to });
  const client = factory({ socket: to, forwardedTo: from });
  server.cut?.(raw(1, 1, words(2)));
  for (const id of ids) server.cut?.(raw(2, 0, Buffer.concat([words(7), text('thing'), words(3, id)])));
  return [client, server];
}

describe('between a client and a server', () => {
  let client: Framed<WaylandMessage, WaylandOutgoing>;
  let server: Framed<WaylandMessage, WaylandOutgoing>;
  let requests: AsyncIterator<WaylandMessage>;
  let events: AsyncIterator<WaylandMessage>;

  beforeEach(() => {
    const [one, other] = sockets as [FdSocket, FdSocket];
    client = framed(one, waylandMessages(PROTOCOL, 'client'));
    server = framed(other, waylandMessages(PROTOCOL, 'server'));
    requests = server[Symbol.asyncIterator]();
    events = client[Symbol.asyncIterator]();
  });

  async function bindThing(): Promise<void> {
    await client.send({ object: 1, name: 'get_registry', args: { registry: 2 } });
    await client.send({ object: 2, name: 'bind', args: { name: 1, id: { interface: 'thing', version: 3, id: 3 } } });
    await nextOf(requests);
    await nextOf(requests);
  }

  it('carries every type of argument, and descriptors among them', async () => {
    await bindThing();
    using files = new Files(2);
    const args = {
      int: -5,
      uint: 0xffff_fff0,
      fixed: -2.25,
      string: 'größer',
      object: 3,
      first: files.numbers[0] as number,
      array: Buffer.from('12345'),
      second: files.numbers[1] as number,
    };
    await client.send({ object: 3, name: 'give', args });
    await client.send({
      object: 3,
      name: 'give',
      args: { ...args, string: null, object: null, array: Buffer.alloc(0) },
    });
    for (const expected of [
      { string: 'größer', object: 3, array: Buffer.from('12345') },
      { string: null, object: null, array: Buffer.alloc(0) },
    ]) {
      const message = await nextOf(requests);
      expect(message).toMatchObject({ object: 3, interface: 'thing', name: 'give' });
      expect(message.args).toMatchObject({ int: -5, uint: 0xffff_fff0, fixed: -2.25, ...expected });
      expect(identitiesOf(message.fds)).toEqual(files.identities);
      expect([message.args['first'], message.args['second']]).toEqual(message.fds);
      OwnedFd.closeAll(message.fds);
    }
  });

  it('has untyped new ids, and objects that the server makes', async () => {
    await client.send({ object: 1, name: 'get_registry', args: { registry: 2 } });
    await client.send({ object: 2, name: 'bind', args: { name: 9, id: { interface: 'thing', version: 3, id: 3 } } });
    await nextOf(requests);
    expect((await nextOf(requests)).args).toEqual({ name: 9, id: { interface: 'thing', version: 3, id: 3 } });
    await server.send({ object: 3, name: 'made', args: { id: 0xff00_0000 } });
    expect(await nextOf(events)).toMatchObject({ interface: 'thing', name: 'made', args: { id: 0xff00_0000 } });
    using files = new Files(1);
    await server.send({ object: 0xff00_0000, name: 'gave', args: { fd: files.numbers[0] as number, size: 1 } });
    const { fds } = await nextOf(events);
    expect(identitiesOf(fds)).toEqual(files.identities);
    OwnedFd.closeAll(fds);
  });

  it('frees the id that the server deletes, on both sides', async () => {
    for (let again = 0; again < 3; again++) {
      await client.send({ object: 1, name: 'sync', args: { callback: 2 } });
      await nextOf(requests);
      await server.send({ object: 2, name: 'done', args: { callback_data: again } });
      await server.send({ object: 1, name: 'delete_id', args: { id: 2 } });
      expect((await nextOf(events)).args).toEqual({ callback_data: again });
      await nextOf(events);
    }
    await expect(server.send({ object: 2, name: 'done', args: { callback_data: 1 } })).rejects.toThrow('no object 2');
  });

  it('decodes what was cut before its object went, or another took its id', async () => {
    const [ours, theirs] = sockets as [FdSocket, FdSocket];
    const messages = framed(ours, waylandMessages(PROTOCOL, 'client'));
    await messages.send({ object: 1, name: 'sync', args: { callback: 2 } });
    await messages.send({ object: 1, name: 'get_registry', args: { registry: 3 } });
    await messages.send({ object: 3, name: 'bind', args: { name: 1, id: { id: 4, interface: 'thing', version: 1 } } });
    await theirs.send(Buffer.concat([raw(2, 0, words(7)), raw(4, 0, words(0xff00_0000)), raw(1, 1, words(2))]));
    const iterator = messages[Symbol.asyncIterator]();
    const came = await Promise.all([nextOf(iterator), nextOf(iterator), nextOf(iterator)]);
    expect(came).toMatchObject([
      { object: 2, interface: 'wl_callback', name: 'done', args: { callback_data: 7 } },
      { object: 4, interface: 'thing', name: 'made', args: { id: 0xff00_0000 } },
      { object: 1, interface: 'wl_display', name: 'delete_id', args: { id: 2 } },
    ]);
  });

  it('closes what it is given with transfer', async () => {
    await bindThing();
    const given = new Files(1);
    await client.send({ object: 3, name: 'one', args: { fd: given.owned[0] as OwnedFd }, transfer: true });
    OwnedFd.closeAll((await nextOf(requests)).fds);
    expect(given.owned[0]?.closed).toBe(true);
    const both = new Files(2);
    const [first, second] = both.owned as [OwnedFd, OwnedFd];
    const rest = { int: 0, uint: 0, fixed: 0, string: null, object: null, array: Buffer.alloc(0) };
    await client.send({ object: 3, name: 'give', args: { ...rest, first, second }, transfer: [false, true] });
    OwnedFd.closeAll((await nextOf(requests)).fds);
    expect([first.closed, second.closed]).toEqual([false, true]);
    first.close();
  });

  it.each<[string, WaylandOutgoing]>([
    ['of an unknown object', { object: 77, name: 'sync' }],
    ['that the interface does not have', { object: 1, name: 'global' }],
    ['that is an event', { object: 1, name: 'delete_id', args: { id: 1 } }],
    ['without an argument', { object: 1, name: 'sync' }],
    ['with an argument that there is not', { object: 1, name: 'sync', args: { callback: 9, more: 1 } }],
    ['with an integer that is none', { object: 1, name: 'sync', args: { callback: 1.5 } }],
    ['with a string that is none', { object: 3, name: 'name', args: { text: 5 } }],
    ['with null where none may be', { object: 3, name: 'name', args: { text: null } }],
    ['with a zero in a string', { object: 3, name: 'name', args: { text: 'a\0b' } }],
    ['with an untyped new id that does not say of what', { object: 2, name: 'bind', args: { name: 1, id: 4 } }],
    ['longer than libwayland takes', { object: 3, name: 'name', args: { text: 'x'.repeat(4096) } }],
    ['that makes an object that there is', { object: 1, name: 'sync', args: { callback: 3 } }],
    ['that makes an object with an id of the server’s', { object: 1, name: 'sync', args: { callback: 0xff00_0001 } }],
    ['with a descriptor that is none', { object: 3, name: 'one', args: { fd: 'file' as never } }],
    ['that is none', null as never],
  ])('refuses to send a message %s, and nothing else', async (_what, message) => {
    await bindThing();
    expect(await settled(client.send(message))).toMatchObject({ status: 'rejected' });
    await client.send({ object: 3, name: 'ask' });
    expect(await nextOf(requests)).toMatchObject({ name: 'ask' });
  });
});

describe('in a proxy', () => {
  it('takes descriptors that ride ahead of their messages, in one sendmsg with others', async () => {
    const [client, from] = socketpair();
    const [to, server] = socketpair();
    using files = new Files(6);
    const seen: string[] = [];
    const forwarding = forward(from, to, {
      codec: waylandMessages(PROTOCOL, 'server'),
      seen: (_frame, { message }) => {
        const { name, fds } = message();
        seen.push(`${name} ${fds.length}`);
      },
    });
    const begin = [raw(1, 1, words(2)), raw(2, 0, Buffer.concat([words(7), text('thing'), words(3, 3)]))];
    const batch = [...begin, raw(3, THING.ask), raw(3, THING.one), raw(3, THING.ask), raw(3, THING.one)];
    await client.send(Buffer.concat(batch), files.numbers.slice(0, 2));
    const requests = framed(server, waylandMessages(PROTOCOL, 'server'))[Symbol.asyncIterator]();
    const received: string[][] = [];
    for (let count = 0; count < 6; count++) {
      const { fds } = await nextOf(requests);
      received.push(identitiesOf(fds));
      OwnedFd.closeAll(fds);
    }
    expect(received).toEqual([[], [], [], [files.identities[0]], [], [files.identities[1]]]);
    expect(seen).toEqual(['get_registry 0', 'bind 0', 'ask 0', 'one 1', 'ask 0', 'one 1']);
    await destroyed(client, server);
    await forwarding.catch(() => undefined);
  });

  it.each([
    ['a message that has none', (client: FdSocket, fd: number) => client.writeFds(raw(3, THING.ask), [fd])],
    ['bytes more than 4096 before its own', (client: FdSocket, fd: number) => client.writeFds(raw(3, THING.ask), [fd])],
  ])('refuses a descriptor that came with %s, and gives it to no other', async (what, sendIt) => {
    const [client, from] = socketpair();
    const [to, server] = socketpair();
    const forwarding = forward(from, to, { codec: waylandMessages(PROTOCOL, 'server') });
    server.on('error', () => undefined).resume();
    using files = new Files(1);
    client.write(
      Buffer.concat([raw(1, 1, words(2)), raw(2, 0, Buffer.concat([words(7), text('thing'), words(3, 3)]))]),
    );
    sendIt(client, files.numbers[0] as number);
    if (what !== 'a message that has none') {
      client.write(Buffer.concat([raw(3, THING.name, text('x'.repeat(4200))), raw(3, THING.one)]));
    }
    client.end();
    expect(await settled(forwarding)).toMatchObject({ reason: { side: 'from', code: 'ERR_FD_SURPLUS' } });
    expect(forwarding.totals.from.fds).toBe(0);
    await destroyed(client, server);
  });

  it.each(['one factory', 'one for each direction'])('shares objects of both directions: %s', async (how) => {
    const [client, from] = socketpair();
    const [to, server] = socketpair();
    const forClients = waylandMessages(PROTOCOL, 'server');
    const codec = how === 'one factory' ? forClients : { from: forClients, to: waylandMessages(PROTOCOL, 'client') };
    const forwarding = forward(from, to, { codec });
    const ends = [framed(client, waylandMessages(PROTOCOL, 'client')), framed(server, forClients)] as const;
    const events = ends[0][Symbol.asyncIterator]();
    const requests = ends[1][Symbol.asyncIterator]();
    for (let again = 0; again < 3; again++) {
      await ends[0].send({ object: 1, name: 'sync', args: { callback: 2 } });
      await nextOf(requests);
      await ends[1].send({ object: 2, name: 'done', args: { callback_data: again } });
      await ends[1].send({ object: 1, name: 'delete_id', args: { id: 2 } });
      expect((await nextOf(events)).args).toEqual({ callback_data: again });
      await nextOf(events);
    }
    await destroyed(client, server);
    await forwarding.catch(() => undefined);
  });

  it.each([
    ['from', 'a request to an object that there is not', raw(9, 0)],
    ['to', 'an event of an object that there is not', raw(9, 0)],
    ['to', 'an event that there is not', raw(1, 7)],
  ] as const)('ends the connection on the side %s for %s, and no other', async (side, _what, bytes) => {
    using files = new Files(2);
    const codec = waylandMessages(PROTOCOL, 'server');
    const connections = [0, 1].map(() => {
      const [client, from] = socketpair();
      const [to, server] = socketpair();
      return { client, server, forwarding: forward(from, to, { codec }) };
    });
    const [bad, good] = connections as [(typeof connections)[0], (typeof connections)[0]];
    await bad[side === 'from' ? 'client' : 'server'].send(bytes, files.numbers);
    expect(await settled(bad.forwarding)).toMatchObject({ reason: { side, code: 'ERR_FRAME_INVALID' } });
    await good.client.send(raw(1, 0, words(2)));
    expect((await good.server.receive(12)).bytes).toEqual(raw(1, 0, words(2)));
    await destroyed(bad.client, bad.server, good.client, good.server);
    await good.forwarding.catch(() => undefined);
    await until(() => good.client.closed);
  });
});

it('an id stays free where its message is refused for a descriptor, or for what is to be transferred', () => {
  const pool = {
    name: 'pool',
    arguments: [
      { name: 'id', type: 'new_id', interface: 'thing' },
      { name: 'fd', type: 'fd' },
    ],
  } as const;
  const { wl_display: display } = PROTOCOL;
  if (display === undefined) throw new Error('no display');
  const protocol = { ...PROTOCOL, wl_display: { ...display, requests: [...display.requests, pool] } };
  const codec = waylandMessages(protocol, 'client')({ socket: sockets[0] as FdSocket });
  using files = new Files(1);
  const [file] = files.owned as [OwnedFd];
  const closed = file.dup();
  closed.close();
  const send = (fd: unknown, transfer?: unknown) =>
    codec.encode({ object: 1, name: 'pool', args: { id: 2, fd }, transfer } as WaylandOutgoing);
  const named = expect.stringMatching(/^fd of wl_display.pool, an instance of OwnedFd, is closed/) as string;
  expect(() => send(closed)).toThrow(expect.objectContaining({ code: 'ERR_FD_CLOSED', message: named }) as Error);
  expect(() => send('a file')).toThrow(/^fd of wl_display.pool is a descriptor: .*, not 'a file'$/);
  expect(() => send(file, [true, false])).toThrow(RangeError);
  expect(() => send(file, 'yes')).toThrow(TypeError);
  expect(send(file, [true])).toMatchObject({ fds: [file], transfer: [true] });
  expect(() => send(file)).toThrow(/^wl_display\.pool makes object 2, which there is already/);
});

it('encodes as libwayland reads: size and opcode in one word, arguments in words', () => {
  const codec = codecOf('client');
  expect(wholeOf(codec.encode({ object: 1, name: 'get_registry', args: { registry: 2 } }))).toEqual(
    raw(1, 1, words(2)),
  );
  const bind = { interface: 'thing', version: 3, id: 3 };
  expect(wholeOf(codec.encode({ object: 2, name: 'bind', args: { name: 7, id: bind } }))).toEqual(
    raw(2, 0, Buffer.concat([words(7), text('thing'), words(3, 3)])),
  );
});

it.each([
  ['no protocol', [undefined, 'client']],
  ['a protocol without wl_display', [{}, 'client']],
  ['a protocol of something else', [{ wl_display: {} }, 'client']],
  ['another side', [PROTOCOL, 'proxy']],
  ['an option that there is not', [PROTOCOL, 'client', { objects: 5 }]],
  ['a limit that is none', [PROTOCOL, 'client', { maxObjects: 0 }]],
  ['a bound that is none', [PROTOCOL, 'client', { ahead: -1 }]],
  ['a length that no message may have', [PROTOCOL, 'client', { maxLength: 65_536 }]],
])('refuses %s', (_what, given) => {
  expect(() => waylandMessages(...(given as Parameters<typeof waylandMessages>))).toThrow(
    expect.objectContaining({ code: expect.stringMatching(/^ERR_(INVALID_ARG|OUT_OF)/) as string }) as Error,
  );
});
