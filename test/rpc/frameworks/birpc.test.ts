import path from 'node:path';
import { built } from '../../support/built';
import { start } from '../../support/children';

// birpc is ES modules alone, which run in a process of their own. Its versions behave the same.

const ROOT = path.resolve(__dirname, '../../..');

/** What a program prints, which has two ends, `one` and `other`, and what it takes to look at descriptors. */
async function printed(name: string, program: string): Promise<string[]> {
  built();
  const source = `
    import { once } from 'node:events';
    import { fstatSync, readdirSync, readlinkSync } from 'node:fs';
    import { setImmediate as turn } from 'node:timers/promises';
    import { fds, OwnedFd, socketpair } from 'ancillary';
    import { framed, give, jsonValues } from 'ancillary/rpc';
    import { fdChannel } from 'ancillary/rpc/birpc';
    import { createBirpc } from '${name}';
    const sockets = socketpair();
    const got = [];
    const functions = {
      identity(file) { got.push(file); return identity(file); },
      keep: (file) => file.take(),
      fail(file) { got.push(file); throw Object.assign(new RangeError('no'), { code: 'ENO' }); },
      make: () => ({ file: give(fds.memfd('made')) }),
      bad: () => ({ file: give(fds.memfd('bad')), big: 1n }),
      closed: () => ({ file: give(shut) }),
      note(file) { got.push(file); },
      thrown: () => { throw 'text'; },
    };
    const identity = ({ fd }) => { const { dev, ino } = fstatSync(fd, { bigint: true }); return dev + ':' + ino; };
    const say = (...words) => console.log(...words.map((word) => typeof word === 'string' ? word : JSON.stringify(word)));
    const outcome = (promise) => promise.then((value) => value, ({ name, code, message }) => [name, code ?? null, message]);
    const link = (fd) => { try { return readlinkSync('/proc/self/fd/' + fd); } catch { return ''; } };
    process.on('warning', (warning) => say('warning', String(warning)));
    const serve = () => createBirpc(functions, fdChannel(sockets[1]));
    const connect = (options) => createBirpc({}, { ...fdChannel(sockets[0]), ...options });
    const file = fds.memfd('lent');
    const shut = fds.memfd('shut');
    shut.close();
    ${program}
    for (const socket of sockets) if (!socket.closed) await once(socket.destroy(), 'close');
    file.close();
    const left = () => readdirSync('/proc/self/fd').map(link).filter((target) => target.startsWith('/memfd:'));
    for (let turns = 0; turns < 10_000 && left().length > 0; turns++) await turn();
    say('left', left());`;
  const options = { cwd: ROOT };
  const { stdout, stderr } = await start(process.execPath, ['--input-type=module', '-e', source], options).succeeded();
  expect(stderr).toBe('');
  return stdout.trimEnd().split('\n');
}

describe.each(['birpc', 'birpc-lowest'])('%s', (name) => {
  test('descriptors go both ways, and those of a call are closed when it is answered', async () => {
    const lines = await printed(
      name,
      `serve(); const remote = connect();
      say(await remote.identity(file) === identity(file));
      say(await outcome(remote.fail(file)));
      const kept = OwnedFd.adopt(await remote.keep(file)); say(identity(kept) === identity(file)); kept.close();
      const made = await remote.make(); say(made.file instanceof OwnedFd); made.file.close();
      await remote.note.asEvent(file);
      await remote.identity(file);
      say(got.map(({ closed }) => closed));`,
    );
    expect(lines).toEqual(['true', '["RangeError","ENO","no"]', 'true', 'true', '[true,true,true,true]', 'left []']);
  });

  test('what cannot be sent rejects the call, and closes what was given away', async () => {
    const lines = await printed(
      name,
      `serve(); const remote = connect();
      say((await outcome(remote.bad()))[2].includes("the result of 'bad' cannot be sent: r.big is a BigInt"));
      const given = fds.memfd('given');
      say((await outcome(remote.identity(give(given), 1n)))[2].includes("the call of 'identity' cannot be sent: a[1] is a BigInt"), given.closed);
      say((await outcome(remote.closed()))[2].includes("the result of 'closed' cannot be sent: r.file, an instance of OwnedFd, is closed"));
      say((await outcome(remote.identity({ file: shut })))[2].includes("the call of 'identity' cannot be sent: a[0].file, an instance of OwnedFd, is closed"));
      await remote.thrown().catch((thrown) => say(thrown));`,
    );
    expect(lines).toEqual(['true', 'true true', 'true', 'true', 'text', 'left []']);
  });

  test('what every object has is no function of the program’s', async () => {
    const lines = await printed(
      name,
      `serve(); const remote = connect();
      const sent = () => sockets[1].stats.framesSent;
      for (const method of Object.getOwnPropertyNames(Object.prototype)) {
        say((await outcome(remote[method](file)))[2] === '[birpc] function "' + method + '" not found');
        const before = sent();
        await remote[method].asEvent(file);
        say(await remote.identity(file) === identity(file), sent() - before);
      }`,
    );
    const count = Object.getOwnPropertyNames(Object.prototype).length;
    expect(lines).toEqual([...Array.from({ length: count }, () => ['true', 'true 1']).flat(), 'left []']);
  });

  test('what a function gives away is closed where nobody waits for it', async () => {
    const lines = await printed(
      name,
      `const given = [];
      const file_ = () => { const made = fds.memfd('made'); given.push(made); return give(made); };
      functions.number = () => give(fds.memfd('number').take());
      functions.open = () => ({ deep: [file_()] });
      functions.fails = () => { throw { file: file_() }; };
      serve(); const raw = framed(sockets[0], jsonValues());
      for (const id of [undefined, 0, '', null, false])
        for (const m of ['open', 'fails', 'number']) await raw.send({ t: 'q', i: id, m, a: [] });
      while (given.length < 10) await turn();
      for (let turns = 0; turns < 1000 && given.some(({ closed }) => !closed); turns++) await turn();
      say(given.filter(({ closed }) => !closed).length, sockets[1].stats.framesSent);
      say(readdirSync('/proc/self/fd').map(link).filter((target) => target.startsWith('/memfd:number')).length);`,
    );
    expect(lines).toEqual(['0 0', '0', 'left []']);
  });

  test('a call that birpc never answers is none that is not answered', async () => {
    const lines = await printed(
      name,
      `const onFunctionError = () => true;
      createBirpc(functions, { ...fdChannel(sockets[1]), onFunctionError });
      const raw = framed(sockets[0], jsonValues());
      // Where it were kept, its id could not be used again, and the socket would never end.
      for (let turns = 0; turns < 3; turns++) {
        await raw.send({ t: 'q', i: 'x', m: 'fail', a: [file] });
        while (got.length <= turns || !got[turns].closed) await turn();
      }
      sockets[0].end();
      await once(sockets[1], 'close');
      say(got.length);`,
    );
    expect(lines).toEqual(['3', 'left []']);
  });

  test('the answer to a call that has timed out is closed', async () => {
    const lines = await printed(
      name,
      `let answer; functions.late = () => new Promise((resolve) => (answer = () => resolve(give(fds.memfd('late')))));
      serve(); const remote = connect({ timeout: 1 });
      say((await outcome(remote.late()))[2]);
      while (answer === undefined) await turn();
      answer();
      while (sockets[0].stats.fdsReceived === 0) await turn();`,
    );
    expect(lines).toEqual(['[birpc] timeout on calling "late"', 'left []']);
  });

  test('the end of the connection rejects calls that wait, and later ones', async () => {
    const lines = await printed(
      name,
      `const remote = connect();
      const call = outcome(remote.make());
      while (sockets[0].stats.framesSent === 0) await turn();
      sockets[1].end();
      say(await call);
      sockets[0].destroy();
      say((await outcome(remote.make()))[1]);`,
    );
    expect(lines).toEqual([
      '["AncillaryError","ERR_FD_CLOSED","no answer can come: the peer has ended the connection, so connect again"]',
      'ERR_FD_CLOSED',
      'left []',
    ]);
  });

  test('an answer that breaks the protocol rejects the call, and the connection is broken', async () => {
    const [line, ...others] = await printed(
      name,
      `const remote = connect(); const raw = framed(sockets[1], jsonValues());
      const call = outcome(remote.make());
      for await (const { value: { i } } of raw) { await raw.send({ t: 's', i, r: 1, z: file }); break; }
      say((await call).join(' '));`,
    );
    expect(line).toMatch(/ERR_FRAME_INVALID .* a descriptor of it is not in what it answers; closed 1 descriptor/);
    expect(others).toEqual(['left []']);
  });

  test('descriptors of a function that never returns are closed with the connection', async () => {
    const lines = await printed(
      name,
      `functions.hang = (file) => { got.push(file); return new Promise(() => undefined); };
      serve(); const remote = connect();
      outcome(remote.hang(file));
      remote.hang.asEvent(file);
      while (got.length < 2) await turn();
      say(got.map(({ closed }) => closed));
      sockets[0].destroy();
      await once(sockets[1], 'close');
      say(got.map(({ closed }) => closed));`,
    );
    expect(lines).toEqual(['[false,false]', '[true,true]', 'left []']);
  });

  test('a peer that reads no answers makes none beyond some hundred descriptors', async () => {
    const [started, ...others] = await printed(
      name,
      `let started = 0;
      functions.make = () => { started++; return { file: give(fds.memfd('made')) }; };
      serve(); const raw = framed(sockets[0], jsonValues());
      for (let id = 1; id <= 1000; id++) raw.send({ t: 'q', i: 'i' + id, m: 'make', a: [] }).catch(() => undefined);
      for (let turns = 0, before = -1; turns < 50; turns++) { if (before !== started) turns = 0; before = started; await turn(); }
      say(started);`,
    );
    expect(Number(started)).toBeLessThan(800);
    expect(others).toEqual(['left []']);
  });

  test.each([
    ['an answer to nobody', `{ t: 's', i: 'x', r: file }`, /answers call 'x', which was not made.*closed 1 descriptor/],
    ['an id used twice', `{ t: 'q', i: 'x', m: 'forever', a: [file] }`, /the id of call 'x'.*closed 1 descriptor/],
    ['a descriptor elsewhere', `{ t: 's', i: 'x', z: file }`, /answers call 'x'/],
    ['no object', `5`, /it is no object/],
  ])('%s breaks the connection', async (_what, message, expected) => {
    const [line = '', ...others] = await printed(
      name,
      `functions.forever = () => new Promise(() => undefined);
      serve(); const raw = framed(sockets[0], jsonValues());
      const failed = once(sockets[1], 'error');
      ${message.includes('forever') ? `await raw.send({ t: 'q', i: 'x', m: 'forever', a: [] });` : ''}
      await raw.send(${message});
      const [{ code, message }] = await failed; say(code, message);`,
    );
    expect(line).toMatch(/^ERR_FRAME_INVALID the frame at bytes \d+ to \d+ is no message/);
    expect(line).toMatch(expected);
    expect(others).toEqual(['left []']);
  });
});
