import path from 'node:path';
import { connect, fds, listen, type OwnedFd } from '../../packages/ancillary';
import { runDirectory } from '../support/children';

/** What it rejects with. */
async function refusalOf(attempt: () => Promise<unknown>): Promise<NodeJS.ErrnoException> {
  return attempt().then(
    () => {
      throw new Error('it succeeded');
    },
    (error: unknown) => error as NodeJS.ErrnoException,
  );
}

const LONG = path.join(runDirectory(), 'x'.repeat(120));

describe('what is no address is refused with a code and a message that says what was given and what to give', () => {
  it.each([
    [null, 'ERR_INVALID_ARG_VALUE', /address is a path, .*, not null/],
    [undefined, 'ERR_INVALID_ARG_VALUE', /address is a path, .*, not undefined/],
    [5, 'ERR_INVALID_ARG_VALUE', /address is a path, .*, not 5/],
    [{}, 'ERR_INVALID_ARG_VALUE', /address is a path, .*, not an instance of Object/],
    [Promise.resolve('/tmp/x'), 'ERR_INVALID_ARG_VALUE', /address is a path, .*, not a Promise: await it/],
    ['', 'ERR_INVALID_ARG_VALUE', /address is a path, neither empty .*, not ''/],
    ['a\0b', 'ERR_INVALID_ARG_VALUE', /address is a path, .* zero byte/],
    [{ path: 5 }, 'ERR_INVALID_ARG_VALUE', /address\.path is a path, .*, not 5/],
    [{ path: '' }, 'ERR_INVALID_ARG_VALUE', /address\.path is a path, .*, not ''/],
    [{ path: undefined }, 'ERR_INVALID_ARG_VALUE', /address\.path is a path, a string, not undefined$/],
    [new URL('file:///x'), 'ERR_INVALID_ARG_VALUE', /address is a path, .*, not an instance of URL$/],
    [{ port: 80 }, 'ERR_INVALID_ARG_VALUE', /address is a path, .*; for a TCP port use node:net$/],
    [{ abstract: undefined }, 'ERR_INVALID_ARG_VALUE', /address\.abstract is a name, a string, not undefined$/],
    [{ abstract: '' }, 'ERR_INVALID_ARG_VALUE', /address\.abstract is a name, .*, not ''/],
    [{ abstract: null }, 'ERR_INVALID_ARG_VALUE', /address\.abstract is a name, .*, not null/],
  ])('%p', async (given, code, message) => {
    for (const attempt of [connect, listen]) {
      const refusal = await refusalOf(() => attempt(given as string));
      expect(refusal).toMatchObject({ code, message: expect.stringMatching(message) as string });
      expect(refusal).toBeInstanceOf(TypeError);
    }
  });

  it.each([
    [{ fd: '3' }, 'ERR_INVALID_ARG_TYPE', /address\.fd is the number of a descriptor, not '3'/],
    [{ fd: undefined }, 'ERR_INVALID_ARG_TYPE', /address\.fd is the number of a descriptor, not undefined/],
    [{ fd: -1 }, 'ERR_INVALID_ARG_VALUE', /a descriptor is an integer from 0 up, not -1/],
    [{ path: 'x', mode: '600' }, 'ERR_INVALID_ARG_TYPE', /mode is an integer from 0 to 0o777, not '600'/],
    [{ path: 'x', mode: 0o1000 }, 'ERR_OUT_OF_RANGE', /mode is an integer from 0 to 0o777, not 512/],
  ])('listen(%p)', async (given, code, message) => {
    const refusal = await refusalOf(() => listen(given as { fd: number }));
    expect(refusal).toMatchObject({ code, message: expect.stringMatching(message) as string });
  });

  it('an OwnedFd in place of its number: the message says what to do', async () => {
    using fd: OwnedFd = fds.memfd('x');
    const refusal = await refusalOf(() => listen({ fd: fd as unknown as number }));
    expect(refusal).toMatchObject({
      code: 'ERR_INVALID_ARG_TYPE',
      message: expect.stringContaining('take()') as string,
    });
  });

  it.each([
    [{ backlog: '5' }, 'ERR_INVALID_ARG_TYPE', /backlog is an integer .*, not '5'/],
    [{ backlog: -1 }, 'ERR_OUT_OF_RANGE', /backlog is an integer .*, not -1/],
    [{ timeout: -1 }, 'ERR_OUT_OF_RANGE', /timeout is a number of milliseconds .*, not -1/],
    [{ signal: 5 }, 'ERR_INVALID_ARG_TYPE', /signal is an AbortSignal, not 5/],
    [null, 'ERR_INVALID_ARG_TYPE', /options is an object, not null/],
  ])('listen() with the options %p', async (options, code, message) => {
    const refusal = await refusalOf(() => listen(path.join(runDirectory(), 'never'), options as never));
    expect(refusal).toMatchObject({ code, message: expect.stringMatching(message) as string });
  });
});

describe('errors of connect() and listen() have the address as net has it', () => {
  it.each([
    ['a path', path.join(runDirectory(), 'missing', 's')],
    ['a relative path', 'missing/s'],
  ])('%s', async (_, where) => {
    for (const address of [where, { path: where }]) {
      expect(await refusalOf(() => connect(address))).toMatchObject({
        code: 'ENOENT',
        syscall: 'connect',
        path: where,
        address: where,
      });
      expect(await refusalOf(() => listen(address))).toMatchObject({
        code: 'ENOENT',
        syscall: 'bind',
        path: where,
        address: where,
      });
    }
  });

  it('an abstract name', async () => {
    const abstract = `ancillary-addresses-${process.pid}`;
    const expected = { abstract, address: `\0${abstract}` };
    expect(await refusalOf(() => connect({ abstract }))).toMatchObject({ code: 'ECONNREFUSED', ...expected });
    await using server = await listen({ abstract });
    expect(server.listening).toBe(true);
    expect(await refusalOf(() => listen({ abstract }))).toMatchObject({ code: 'EADDRINUSE', ...expected });
  });

  it('a path that is too long is ENAMETOOLONG, with the limit and what to do', async () => {
    for (const attempt of [connect, listen]) {
      expect(await refusalOf(() => attempt(LONG))).toMatchObject({
        code: 'ENAMETOOLONG',
        path: LONG,
        address: LONG,
        message: expect.stringMatching(new RegExp(`has ${LONG.length} bytes, .* at most 107; use a shorter`)) as string,
      });
      const abstract = 'x'.repeat(108);
      expect(await refusalOf(() => attempt({ abstract }))).toMatchObject({ code: 'ENAMETOOLONG', abstract });
    }
  });
});
