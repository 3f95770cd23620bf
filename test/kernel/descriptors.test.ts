import { probe } from './probe';

// The numbers are those of docs/kernel.md.

test('51: what looks like a memfd in a tmpfs differs from one by its device alone', async () => {
  const seen = await probe(`
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
NEWUSER, NEWNS, DETACH, PRIVATE, HUGETLB = 0x10000000, 0x20000, 2, 0x44000, 4
def must(result):
    if result != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
must(libc.unshare(NEWNS if os.getuid() == 0 else NEWNS | NEWUSER))
must(libc.mount(b'none', b'/', None, PRIVATE, None))
must(libc.mount(b'tmpfs', b'/tmp', b'tmpfs', 0, None))
forged = os.open('/tmp/memfd:x', os.O_RDWR | os.O_CREAT)
os.unlink('/tmp/memfd:x')
must(libc.umount2(b'/tmp', DETACH))
real, other = os.memfd_create('x', 0), os.memfd_create('y', os.MFD_ALLOW_SEALING)
def facts(fd):
    return [os.readlink(f'/proc/self/fd/{fd}'), os.fstat(fd).st_nlink, attempt(fcntl.fcntl, fd, fcntl.F_GET_SEALS)]
def device(fd):
    return os.fstat(fd).st_dev
huge = libc.memfd_create(b'huge', HUGETLB)
tell(facts(forged), facts(real), device(real) == device(other), device(real) == device(forged),
     huge >= 0 and device(huge) in (device(real), device(forged)))`);
  const facts = ['/memfd:x (deleted)', 0, 1];
  expect(seen).toEqual([facts, facts, true, false, false]);
});
