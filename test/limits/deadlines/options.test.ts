import net from 'node:net';
import { adopt, connect, createConnection, listen, socketpair } from '../../../packages/ancillary';
import { modelSocketPair } from '../../../packages/ancillary/testing';
import { codeOf } from '../../socket/sockets';
import { closed } from '../../support/peer';

const TAKERS: [string, (options: object) => unknown][] = [
  ['connect()', (options) => connect('/nowhere', options)],
  ['createConnection()', (options) => createConnection('/nowhere', options)],
  ['listen()', (options) => listen('/nowhere', options)],
  ['socketpair()', (options) => socketpair(options)],
  ['modelSocketPair()', (options) => modelSocketPair({ socket: options })],
];

const WRONG: [unknown, string][] = [
  [0, 'ERR_OUT_OF_RANGE'],
  [-1, 'ERR_OUT_OF_RANGE'],
  [NaN, 'ERR_OUT_OF_RANGE'],
  ['10', 'ERR_INVALID_ARG_TYPE'],
  [null, 'ERR_INVALID_ARG_TYPE'],
  [true, 'ERR_INVALID_ARG_TYPE'],
  [10n, 'ERR_INVALID_ARG_TYPE'],
];

describe.each(['frameTimeout', 'sendTimeout'])('%s', (name) => {
  it.each(TAKERS)('of %s is a number above 0', async (_, take) => {
    for (const [value, code] of WRONG) expect(await codeOf(() => take({ [name]: value }))).toBe(code);
  });

  it('may be Infinity, which is none', async () => {
    const [left, right] = socketpair({ [name]: Infinity });
    await left.send('x');
    (await right.receive(1)).close();
    await closed(left, right);
  });

  it('of adopt() leaves the socket with whoever gave it', async () => {
    const server = net.createServer().listen('\0ancillary-deadline-options');
    const given = net.connect('\0ancillary-deadline-options');
    await new Promise((resolve) => given.once('connect', resolve));
    for (const [value, code] of WRONG) expect(await codeOf(() => adopt(given, { [name]: value }))).toBe(code);
    expect(given.destroyed).toBe(false);
    given.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
});
