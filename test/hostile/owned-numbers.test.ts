import { once } from 'node:events';
import fs from 'node:fs';
import { adopt, fds, OwnedFd } from '../../packages/ancillary';
import { nativeBinding } from '../../packages/binding-native';
import { thrown } from '../native/thrown';

// A number that an OwnedFd holds has an owner, who would close whatever gets the number next.

it.each([
  ['toReadStream', (fd: number) => fds.toReadStream(fd)],
  ['toWriteStream', (fd: number) => fds.toWriteStream(fd)],
])('%s() refuses the number of a file that an OwnedFd holds, which stays open', (_, make) => {
  using owned = fds.memfd('owned', Buffer.from('content'));
  expect(thrown(() => make(owned.fd))).toMatchObject({ code: 'ERR_FD_BUSY' });
  expect(fs.readFileSync(owned.fd, 'utf8')).toBe('content');
});

it('toSocket() and adopt() refuse the number of a socket that an OwnedFd holds', () => {
  const pair = nativeBinding.socketpair();
  expect(thrown(() => fds.toSocket(pair[0].fd))).toMatchObject({ code: 'ERR_FD_BUSY' });
  expect(thrown(() => adopt(pair[0].fd))).toMatchObject({ code: 'ERR_FD_BUSY' });
  expect(pair[0].closed).toBe(false);
  expect(OwnedFd.closeAll(pair)).toBe(2);
});

it('toServer() refuses the number of a listening socket that an OwnedFd holds', () => {
  using owned = nativeBinding.socket();
  expect(nativeBinding.bind(owned, { abstract: `ancillary-${process.pid}` })).toBeUndefined();
  expect(nativeBinding.listen(owned, 1)).toBeUndefined();
  expect(thrown(() => fds.toServer(owned.fd))).toMatchObject({ code: 'ERR_FD_BUSY' });
  expect(owned.closed).toBe(false);
});

it('the OwnedFd itself, or a number without an owner, is taken over', async () => {
  const [reader, writer] = fds.pipe();
  const from = fds.toReadStream(reader);
  const to = fds.toWriteStream(writer.take());
  to.end('through');
  let text = '';
  for await (const bytes of from) text += String(bytes);
  expect(text).toBe('through');
  if (!from.closed) await once(from, 'close');
  if (!to.closed) await once(to, 'close');
});
