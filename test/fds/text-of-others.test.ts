import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { adopt, AncillaryError, fds, OwnedFd } from '../../packages/ancillary';
import { printable, systemError } from '../../packages/binding';
import { addon, nativeBinding } from '../../packages/binding-native';
import { runDirectory } from '../support/children';

// A name is what its owner chose: in a message it must not speak to a terminal, nor look like a line of its own.

const HOSTILE = 'a\x1b[2Jb\nc\x07d\u009be\u202ef\u2028g';
const SHOWN = 'a\\x1b[2Jb\\x0ac\\x07d\\x9be\\u{202e}f\\u{2028}g';

function messageOf(attempt: () => unknown): string {
  try {
    attempt();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('it succeeded');
}

it('printable() escapes control characters, what turns the direction of writing, and what is not seen', () => {
  expect(printable(HOSTILE)).toBe(SHOWN);
  expect(printable('\ud800\u200b\u00ad')).toBe('\\u{d800}\\u{200b}\\xad');
  expect(printable('/tmp/päth (deleted) 日本 🎉')).toBe('/tmp/päth (deleted) 日本 🎉');
});

it('errors are printable, whatever they are told', () => {
  expect(new AncillaryError('ERR_FD_KIND', HOSTILE).message).toBe(SHOWN);
  expect(systemError('EBADF', 'close', HOSTILE).message).toBe(`close EBADF: ${SHOWN}`);
});

it('messages about a file show its name escaped, and describeFd() tells it as it is', () => {
  const where = path.join(runDirectory(), `${process.pid}-${HOSTILE}`);
  using file = OwnedFd.adopt(fs.openSync(where, 'w'));
  expect(fds.describeFd(file).path).toBe(where);
  const conversions = [() => fds.toSocket(file), () => fds.toReadStream(file), () => fds.toServer(file)];
  for (const attempt of [...conversions, () => adopt(file)]) expect(messageOf(attempt)).toContain(SHOWN);
  expect(nativeBinding.descriptors.describe(file.fd)).toContain(SHOWN);
  fs.rmSync(where);
});

it('a zero byte in a name is refused: the kernel would take the part before it for the whole', () => {
  const refusal = expect.objectContaining({ code: 'ERR_INVALID_ARG_VALUE' }) as Error;
  expect(() => fds.memfd('a\0b')).toThrow(refusal);
  expect(() => fds.memfd('\0')).toThrow(refusal);
  using socket = nativeBinding.socket();
  const path = Buffer.from(`${__filename}\0b`);
  for (const result of [
    addon.bind(socket.fd, path),
    addon.connect(socket.fd, path),
    addon.openSocketFile(socket.fd, path, new BigUint64Array(4)),
  ]) {
    expect(result).toBe(-os.constants.errno.EINVAL);
  }
  expect(() => addon.memfd('a\0b', true, new Uint8Array(), 0)).toThrow('name must be a string without zero bytes');
});
