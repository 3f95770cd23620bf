import { getEventListeners } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type FdSocket, raw, socketpair } from '../../packages/ancillary';
import { dbusMessages } from '../../packages/codec';
import { type DBusHandshakeOptions, dbusHandshake } from '../../packages/codec/dbus';
import { until } from '../hostile/until';
import { closed, codeOf, destroyed, nextOf } from '../socket/sockets';
import { withBarePeer } from '../support/bare-peer';
import { Files, identitiesOf } from '../support/files';
import { callWith, marshalled } from './dbus-message';

const uid = process.getuid?.() ?? 0;
const hexUid = Buffer.from(String(uid)).toString('hex');
const guid = '0123456789abcdef0123456789abcdef';

let ours: FdSocket;
let theirs: FdSocket;
beforeEach(() => {
  [ours, theirs] = socketpair();
});
afterEach(() => destroyed(ours, theirs));

/** A peer that says its lines whatever it hears, and then ends if told to; what it heard. */
async function heard(lines: string, end = false): Promise<string> {
  let text = '';
  theirs.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
  theirs.write(lines.replaceAll('\n', '\r\n'));
  if (end) theirs.end();
  // Not with once(), which would listen to 'error'.
  await until(() => ours.destroyed && (theirs.readableEnded || theirs.destroyed));
  return text;
}

const both = (client: DBusHandshakeOptions, server: DBusHandshakeOptions) =>
  Promise.all([dbusHandshake(ours, client), dbusHandshake(theirs, { side: 'server', guid, ...server })]);

describe('our client and our server', () => {
  it.each<[DBusHandshakeOptions, DBusHandshakeOptions, string, boolean]>([
    [{}, {}, 'EXTERNAL', true],
    [{ identity: '' }, {}, 'EXTERNAL', true],
    [{ unixFds: false }, {}, 'EXTERNAL', false],
    [{}, { unixFds: false }, 'EXTERNAL', false],
    [{ mechanisms: ['ANONYMOUS'] }, { mechanisms: ['EXTERNAL', 'ANONYMOUS'] }, 'ANONYMOUS', true],
    [{ mechanisms: ['EXTERNAL', 'ANONYMOUS'] }, { mechanisms: ['ANONYMOUS'] }, 'ANONYMOUS', true],
    [
      { mechanisms: ['EXTERNAL', 'ANONYMOUS'], identity: 'nobody' },
      { mechanisms: ['EXTERNAL', 'ANONYMOUS'] },
      'ANONYMOUS',
      true,
    ],
  ])('client %j and server %j agree on %s, unixFds %p', async (client, server, mechanism, unixFds) => {
    const expected = { mechanism, unixFds, guid };
    expect(await both(client, server)).toEqual([expected, expected]);
    expect([ours.destroyed, theirs.destroyed]).toEqual([false, false]);
  });

  it.each<[string, DBusHandshakeOptions, DBusHandshakeOptions]>([
    ['another user', { identity: String(uid + 1) }, {}],
    ['authorize() says no', {}, { authorize: () => false }],
    ['authorize() resolves with no', {}, { authorize: () => Promise.resolve(false) }],
    ['no mechanism of both', {}, { mechanisms: ['ANONYMOUS'] }],
  ])('%s: both sides fail with ERR_UNAUTHORIZED', async (why, client, server) => {
    const serving = dbusHandshake(theirs, { side: 'server', guid, ...server });
    const failures = await Promise.allSettled([dbusHandshake(ours, client), serving]);
    expect(failures).toMatchObject([
      { reason: { code: 'ERR_UNAUTHORIZED', message: expect.stringContaining('does not accept EXTERNAL') as string } },
      { reason: { code: 'ERR_UNAUTHORIZED', cause: { code: expect.any(String) as string } } },
    ]);
    const { reason } = failures[1] as { readonly reason: unknown };
    expect(String(reason)).toMatch(`the D-Bus client, process ${process.pid} of user ${uid}, was rejected (`);
    expect(String(reason)).toMatch(
      why.startsWith('auth')
        ? 'authorize() does not accept it'
        : why.startsWith('another')
          ? 'it said that it is another user'
          : "it asked for 'EXTERNAL', and may have ANONYMOUS",
    );
    await closed(ours, theirs);
  });

  it('authorize() is told who it is, and what it throws is what the server fails with', async () => {
    const told: unknown[] = [];
    const server = dbusHandshake(theirs, {
      side: 'server',
      authorize: (client) => {
        told.push(client);
        throw new Error('no opinion');
      },
    });
    const client = dbusHandshake(ours);
    await expect(server).rejects.toThrow('no opinion');
    await expect(client).rejects.toMatchObject({
      code: expect.stringMatching(/ERR_FRAME_INCOMPLETE|ECONNRESET/) as string,
    });
    expect(told).toEqual([{ mechanism: 'EXTERNAL', peer: { pid: process.pid, uid, gid: process.getgid?.() } }]);
  });
});

describe('what a server says to a client', () => {
  it.each<[string, string, string]>([
    [
      'a mechanism list, then EXTERNAL (GDBus)',
      `AUTH\nAUTH EXTERNAL ${hexUid}\nNEGOTIATE_UNIX_FD\nBEGIN\n`,
      `REJECTED EXTERNAL\nOK ${guid}\nAGREE_UNIX_FD\n`,
    ],
    [
      'all at once, without an identity (sd-bus)',
      'AUTH EXTERNAL\nDATA\nNEGOTIATE_UNIX_FD\nBEGIN\n',
      `DATA\nOK ${guid}\nAGREE_UNIX_FD\n`,
    ],
    ['an empty response', 'AUTH EXTERNAL \nDATA \nBEGIN\n', `DATA\nOK ${guid}\n`],
    [
      'an unknown mechanism first',
      `AUTH KERBEROS_V4\nAUTH EXTERNAL ${hexUid}\nBEGIN\n`,
      `REJECTED EXTERNAL\nOK ${guid}\n`,
    ],
    [
      'what is no hexadecimal',
      `AUTH EXTERNAL 3\nAUTH EXTERNAL zz\nAUTH EXTERNAL ${hexUid}\nBEGIN\n`,
      `REJECTED EXTERNAL\nREJECTED EXTERNAL\nOK ${guid}\n`,
    ],
    [
      'commands out of place',
      `DATA\nCANCEL\nNEGOTIATE_UNIX_FD\nAUTH EXTERNAL\nAUTH EXTERNAL\nNEGOTIATE_UNIX_FD\nDATA\nBEGIN\n`,
      `ERROR\nERROR\nERROR\nDATA\nERROR\nERROR\nOK ${guid}\n`,
    ],
    [
      'commands that it does not know',
      `EXTENSION_COM_A\nAUTH EXTERNAL ${hexUid}\nEXTENSION_COM_B c d\nBEGIN\n`,
      `ERROR\nOK ${guid}\nERROR\n`,
    ],
    [
      'CANCEL after OK, which forgets what was agreed',
      `AUTH EXTERNAL ${hexUid}\nNEGOTIATE_UNIX_FD\nCANCEL\nAUTH EXTERNAL ${hexUid}\nBEGIN\n`,
      `OK ${guid}\nAGREE_UNIX_FD\nREJECTED EXTERNAL\nOK ${guid}\n`,
    ],
    ['DATA when it was accepted', 'AUTH EXTERNAL\nDATA\nDATA\nBEGIN\n', `DATA\nOK ${guid}\nERROR\n`],
    ['ERROR', `AUTH EXTERNAL\nERROR what?\nAUTH EXTERNAL ${hexUid}\nBEGIN\n`, `DATA\nREJECTED EXTERNAL\nOK ${guid}\n`],
  ])('%s', async (_what, lines, answers) => {
    theirs.write(`\0${lines.replaceAll('\n', '\r\n')}`);
    const result = await dbusHandshake(ours, { side: 'server', guid });
    const lastNegotiation = lines.split('CANCEL').pop() ?? '';
    expect(result).toEqual({
      mechanism: 'EXTERNAL',
      unixFds: answers.includes('AGREE') && lastNegotiation.includes('NEGOTIATE'),
      guid,
    });
    ours.end();
    expect(Buffer.concat(await theirs.toArray()).toString()).toBe(answers.replaceAll('\n', '\r\n'));
  });

  it.each<[string, string, string]>([
    ['BEGIN before OK', 'ERR_UNAUTHORIZED', '\0BEGIN\n'],
    ['BEGIN after REJECTED', 'ERR_UNAUTHORIZED', '\0AUTH\nBEGIN\n'],
    ['BEGIN in place of DATA', 'ERR_UNAUTHORIZED', '\0AUTH EXTERNAL\nBEGIN\n'],
    ['refused too often', 'ERR_UNAUTHORIZED', '\0' + 'AUTH EXTERNAL 30303030\n'.repeat(9)],
    ['errors without end', 'ERR_UNAUTHORIZED', '\0' + 'WHAT\n'.repeat(9)],
    ['negotiating without end', 'ERR_UNAUTHORIZED', `\0AUTH EXTERNAL\nDATA\n${'NEGOTIATE_UNIX_FD\n'.repeat(10)}`],
    ['no zero byte', 'ERR_FRAME_INVALID', 'AUTH EXTERNAL\n'],
    ['a second zero byte', 'ERR_FRAME_INVALID', '\0\0AUTH EXTERNAL\n'],
    ['what is not ASCII', 'ERR_FRAME_INVALID', '\0AUTH EXT\xe9RNAL\n'],
    ['no capital letters', 'ERR_FRAME_INVALID', '\0auth EXTERNAL\n'],
    ['an empty line', 'ERR_FRAME_INVALID', '\0\n'],
    ['a line that is too long', 'ERR_FRAME_TOO_LARGE', `\0AUTH ${'x'.repeat(16 * 1024)}\n`],
    ['a line that does not end', 'ERR_FRAME_TOO_LARGE', `\0${'x'.repeat(16 * 1024 + 2)}`],
  ])('%s is %s', async (_what, code, lines) => {
    const [failure] = await Promise.all([codeOf(() => dbusHandshake(ours, { side: 'server' })), heard(lines)]);
    expect([failure, ours.destroyed]).toEqual([code, true]);
  });

  it.each(['', '\0', '\0AUTH EXTERNAL', '\0AUTH EXTERNAL\n', `\0AUTH EXTERNAL ${hexUid}\n`])(
    'the end after %j is ERR_FRAME_INCOMPLETE',
    async (lines) => {
      const [failure] = await Promise.all([codeOf(() => dbusHandshake(ours, { side: 'server' })), heard(lines, true)]);
      expect(failure).toBe('ERR_FRAME_INCOMPLETE');
    },
  );

  it.each([
    ['with the zero byte', 0, 1],
    ['with a line', 1, 5],
    ['with BEGIN', 0, 100],
  ])('descriptors %s are ERR_FD_SURPLUS', async (_what, start, end) => {
    using files = new Files(1);
    const text = Buffer.from(`\0AUTH EXTERNAL ${hexUid}\r\nBEGIN\r\n`);
    await theirs.send(text.subarray(0, start + 1), start === 0 ? files.owned : []);
    if (start > 0) await theirs.send(text.subarray(start + 1, end), files.owned);
    theirs.write(text.subarray(Math.max(end, start + 1)));
    expect(await codeOf(() => dbusHandshake(ours, { side: 'server' }))).toBe('ERR_FD_SURPLUS');
  });
});

describe('what a client says to a server', () => {
  it.each<[string, DBusHandshakeOptions, string, string]>([
    ['accepts at once', {}, `OK ${guid}\nAGREE_UNIX_FD\n`, `AUTH EXTERNAL ${hexUid}\nNEGOTIATE_UNIX_FD\nBEGIN\n`],
    [
      'passes no descriptors',
      {},
      `OK ${guid}\nERROR not here\n`,
      `AUTH EXTERNAL ${hexUid}\nNEGOTIATE_UNIX_FD\nBEGIN\n`,
    ],
    [
      'asks who it is',
      { identity: '' },
      `DATA\nOK ${guid}\nERROR\n`,
      'AUTH EXTERNAL\nDATA\nNEGOTIATE_UNIX_FD\nBEGIN\n',
    ],
    [
      'rejects what it does not offer',
      { mechanisms: ['EXTERNAL', 'ANONYMOUS'], unixFds: false },
      `REJECTED ANONYMOUS\nOK ${guid}\n`,
      `AUTH EXTERNAL ${hexUid}\nAUTH ANONYMOUS 616e63696c6c617279\nBEGIN\n`,
    ],
    [
      'asks for what it was told',
      { mechanisms: ['EXTERNAL', 'ANONYMOUS'], unixFds: false },
      `DATA\nREJECTED\nOK ${guid}\n`,
      `AUTH EXTERNAL ${hexUid}\nCANCEL\nAUTH ANONYMOUS 616e63696c6c617279\nBEGIN\n`,
    ],
    [
      'asks again',
      { mechanisms: ['EXTERNAL', 'ANONYMOUS'], identity: '', unixFds: false },
      `DATA\nDATA\nREJECTED\nOK ${guid}\n`,
      'AUTH EXTERNAL\nDATA\nCANCEL\nAUTH ANONYMOUS 616e63696c6c617279\nBEGIN\n',
    ],
    [
      'says ERROR',
      { mechanisms: ['EXTERNAL', 'ANONYMOUS'], unixFds: false },
      `ERROR\nREJECTED\nOK ${guid}\n`,
      `AUTH EXTERNAL ${hexUid}\nCANCEL\nAUTH ANONYMOUS 616e63696c6c617279\nBEGIN\n`,
    ],
    [
      'says something new',
      { unixFds: false },
      `EXTENSION_A b\nOK ${guid}\n`,
      `AUTH EXTERNAL ${hexUid}\nERROR\nBEGIN\n`,
    ],
  ])('that %s', async (_what, options, lines, said) => {
    theirs.write(lines.replaceAll('\n', '\r\n'));
    const { unixFds } = await dbusHandshake(ours, options);
    expect(unixFds).toBe(lines.includes('AGREE'));
    ours.end();
    expect(Buffer.concat(await theirs.toArray()).toString()).toBe(`\0${said.replaceAll('\n', '\r\n')}`);
  });

  it.each<[string, string, string]>([
    ['rejects', 'ERR_UNAUTHORIZED', 'REJECTED\n'],
    ['offers others', 'ERR_UNAUTHORIZED', 'REJECTED KERBEROS_V4 DBUS_COOKIE_SHA1\n'],
    ['has no GUID', 'ERR_FRAME_INVALID', 'OK\n'],
    ['has a GUID that is none', 'ERR_FRAME_INVALID', 'OK 0123\n'],
    ['does not let itself be cancelled', 'ERR_FRAME_INVALID', 'ERROR\nERROR\n'],
    ['says something else to NEGOTIATE_UNIX_FD', 'ERR_FRAME_INVALID', `OK ${guid}\n`.repeat(9)],
    ['never comes to the point', 'ERR_FRAME_INVALID', 'WHAT\n'.repeat(100)],
    ['speaks HTTP', 'ERR_FRAME_INVALID', 'HTTP/1.1 400 Bad Request\n'],
  ])('that %s: %s', async (_what, code, lines) => {
    const [failure] = await Promise.all([codeOf(() => dbusHandshake(ours)), heard(lines)]);
    expect([failure, ours.destroyed]).toEqual([code, true]);
  });

  it.each([
    ['AUTH with 8 lines that are no answer, the last', 'WHAT\x20IS it\n'.repeat(8), "'WHAT IS it'"],
    ['NEGOTIATE_UNIX_FD with 8 lines', `OK ${guid}\n${'HELLO\n'.repeat(8)}`, "'HELLO'"],
    ['CANCEL with', `ERROR\nERROR ${'x'.repeat(200)}\n`, `'ERROR ${'x'.repeat(74)}'...;`],
    ['is no command', 'HTTP/1.1 400\x1b[2J\n', "'HTTP/1.1 400\\x1b[2J'"],
  ])('what is no answer is shown: %s', async (which, lines, shown) => {
    const failing = dbusHandshake(ours).catch((error: unknown) => (error as Error).message);
    await heard(lines);
    const message = await failing;
    expect(message).toContain(which);
    expect(message).toContain(shown);
  });

  it('to what is no answer a client says ERROR, and waits for one; the timeout says what came last', async () => {
    theirs.write('HELLO there\r\n');
    const handshake = expect(dbusHandshake(ours, { timeout: 50 })).rejects.toMatchObject({
      code: 'ETIMEDOUT',
      message: expect.stringContaining("the last that the peer said is 'HELLO there'") as string,
    });
    const said = `\0AUTH EXTERNAL ${hexUid}\r\nERROR\r\n`;
    expect((await theirs.receive(said.length)).bytes.toString()).toBe(said);
    await handshake;
  });

  it('answers ERROR to what is no answer to NEGOTIATE_UNIX_FD, and goes on', async () => {
    theirs.write(`OK ${guid}\r\nHELLO\r\nAGREE_UNIX_FD\r\n`);
    expect(await dbusHandshake(ours)).toMatchObject({ unixFds: true });
    ours.end();
    expect(Buffer.concat(await theirs.toArray()).toString()).toMatch(/NEGOTIATE_UNIX_FD\r\nERROR\r\nBEGIN\r\n$/);
  });

  it('it does not try what the server does not offer', async () => {
    const handshake = codeOf(() => dbusHandshake(ours, { mechanisms: ['EXTERNAL', 'ANONYMOUS'] }));
    expect(await heard('REJECTED DBUS_COOKIE_SHA1\n')).toBe(`\0AUTH EXTERNAL ${hexUid}\r\n`);
    expect(await handshake).toBe('ERR_UNAUTHORIZED');
  });

  it('the end is ERR_FRAME_INCOMPLETE', async () => {
    const [failure] = await Promise.all([codeOf(() => dbusHandshake(ours)), heard(`OK ${guid}\n`, true)]);
    expect(failure).toBe('ERR_FRAME_INCOMPLETE');
  });
});

describe('nothing that follows is lost', () => {
  const lines = Buffer.from('\0AUTH EXTERNAL\r\nDATA\r\nNEGOTIATE_UNIX_FD\r\nBEGIN\r\n');
  const first = marshalled({ serial: 1 });
  const second = marshalled({ serial: 2, fields: callWith(2) });

  // The sendmsg with the descriptors begins at each of these bytes; before it, all in one piece.
  const starts = [
    lines.length + first.length,
    lines.length + first.length + 1,
    lines.length + first.length + second.length - 1,
  ];
  it.each(starts)(
    'when a message and the descriptors of the next one, from byte %d on, came with the lines',
    async (start) => {
      using files = new Files(2);
      const all = Buffer.concat([lines, first, second]);
      await theirs.send(all.subarray(0, start));
      await theirs.send(all.subarray(start), files.owned);
      expect(await dbusHandshake(ours, { side: 'server' })).toMatchObject({ unixFds: true });
      const frames = ours.frames(dbusMessages());
      expect((await nextOf(frames)).bytes).toEqual(first);
      using frame = await nextOf(frames);
      expect([frame.bytes, identitiesOf(frame.fds), frame.ambiguous]).toEqual([second, files.identities, false]);
    },
  );

  it('when every byte comes by itself', async () => {
    using files = new Files(2);
    const handshake = dbusHandshake(ours, { side: 'server' });
    const all = Buffer.concat([lines, first, second]);
    const start = all.length - 3;
    for (let at = 0; at < all.length; at++) {
      await theirs.send(all.subarray(at, at + 1), at === start ? files.owned : []);
      await nextTurn();
    }
    await handshake;
    const frames = ours.frames(dbusMessages());
    expect((await nextOf(frames)).bytes).toEqual(first);
    using frame = await nextOf(frames);
    expect(identitiesOf(frame.fds)).toEqual(files.identities);
  });

  it('a server’s first message comes right behind its last answer', async () => {
    using files = new Files(2);
    await theirs.send(`OK ${guid}\r\nAGREE_UNIX_FD\r\n`);
    await theirs.send(second, files.owned);
    await dbusHandshake(ours);
    using frame = await nextOf(ours.frames(dbusMessages()));
    expect([frame.bytes, identitiesOf(frame.fds)]).toEqual([second, files.identities]);
  });
});

describe('giving up', () => {
  it.each<[string, DBusHandshakeOptions]>([
    ['a client', {}],
    ['a server', { side: 'server' }],
  ])('%s with a timeout: ETIMEDOUT, and the socket is destroyed', async (_what, options) => {
    expect(await codeOf(() => dbusHandshake(ours, { ...options, timeout: 1 }))).toBe('ETIMEDOUT');
    expect(ours.destroyed).toBe(true);
  });

  it('a signal: AbortError, also while authorize() takes its time', async () => {
    const controller = new AbortController();
    const asked = new Promise<void>((resolve) => {
      const authorize = () => {
        resolve();
        return new Promise<boolean>(() => undefined);
      };
      const server = dbusHandshake(theirs, { side: 'server', authorize, signal: controller.signal, timeout: Infinity });
      server.catch((error: unknown) => expect(error).toMatchObject({ name: 'AbortError' }));
    });
    const client = codeOf(() => dbusHandshake(ours));
    await asked;
    controller.abort();
    expect(await client).toMatch(/ERR_FRAME_INCOMPLETE|ECONNRESET/);
    await closed(theirs);
  });

  it('a signal that is aborted already: nothing is sent, and the socket is destroyed as after any failure', async () => {
    await expect(dbusHandshake(ours, { signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' });
    expect([ours.destroyed, ours.stats.bytesWritten]).toEqual([true, 0]);
  });

  it('a peer that never reads does not make it wait for ever', async () => {
    using bare = withBarePeer();
    const full = Buffer.alloc(65_536);
    for (let count = 0; count < 1000; count++) {
      try {
        raw.sendMessage(bare.socket, full);
      } catch {
        break;
      }
    }
    expect(await codeOf(() => dbusHandshake(bare.socket, { timeout: 1 }))).toBe('ETIMEDOUT');
  });

  it('once it is over, neither the timeout nor the signal has an effect, or is waited for', async () => {
    const { signal } = new AbortController();
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const before = timers();
    await both({ signal }, { signal });
    expect([getEventListeners(signal, 'abort'), timers()]).toEqual([[], before]);
  });

  it("'error' is emitted where somebody listens", async () => {
    const errors: unknown[] = [];
    ours.on('error', (error) => errors.push(error));
    const [failure] = await Promise.all([codeOf(() => dbusHandshake(ours)), heard('REJECTED\n')]);
    expect([failure, errors]).toEqual(['ERR_UNAUTHORIZED', [expect.objectContaining({ code: 'ERR_UNAUTHORIZED' })]]);
  });
});

it.each<[object, string]>([
  [{ side: 'both' }, 'ERR_INVALID_ARG_VALUE'],
  [{ mechanisms: [] }, 'ERR_INVALID_ARG_VALUE'],
  [{ mechanisms: 'EXTERNAL' }, 'ERR_INVALID_ARG_VALUE'],
  [{ mechanisms: ['DBUS_COOKIE_SHA1'] }, 'ERR_INVALID_ARG_VALUE'],
  [{ mechanisms: 7 }, 'ERR_INVALID_ARG_TYPE'],
  [{ unixFds: 'no' }, 'ERR_INVALID_ARG_TYPE'],
  [{ identity: 0 }, 'ERR_INVALID_ARG_TYPE'],
  [{ guid: 'a' }, 'ERR_INVALID_ARG_VALUE'],
  [{ authorize: true }, 'ERR_INVALID_ARG_TYPE'],
  [{ maxLineLength: 63 }, 'ERR_OUT_OF_RANGE'],
  [{ timeout: -1 }, 'ERR_OUT_OF_RANGE'],
  [{ timeOut: 1 }, 'ERR_INVALID_ARG_VALUE'],
  [{ signal: 1 }, 'ERR_INVALID_ARG_TYPE'],
])('refuses %j, and nothing happens to the socket', async (options, code) => {
  expect(await codeOf(() => dbusHandshake(ours, options))).toBe(code);
  expect([ours.destroyed, ours.stats.bytesWritten]).toEqual([false, 0]);
});

it('refuses what is no FdSocket', async () => {
  expect(await codeOf(() => dbusHandshake(null as unknown as FdSocket))).toBe('ERR_INVALID_ARG_TYPE');
});
