import { errnoName, systemError } from '../../packages/binding';

test.each([
  ['EPIPE', -32],
  ['EAGAIN', -11],
  // Not among os.constants.errno.
  ['ETOOMANYREFS', -109],
])('%s is errno %i, and back', (code, errno) => {
  expect(systemError(code, 'sendmsg')).toMatchObject({ code, errno, syscall: 'sendmsg' });
  expect(errnoName(-errno)).toBe(code);
});
