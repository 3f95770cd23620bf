/**
 * Python source: where nobody else sees it, `/tmp` is a tmpfs of the program's own, in which it may make files that look like
 * memfds. `detach()` takes it out of the tree, and its own root is what a path of it begins with.
 */
export const IN_OWN_TMPFS = `
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
NEWUSER, NEWNS, DETACH, PRIVATE, HUGETLB = 0x10000000, 0x20000, 2, 0x44000, 4
def must(result):
    if result != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
must(libc.unshare(NEWNS if os.getuid() == 0 else NEWNS | NEWUSER))
must(libc.mount(b'none', b'/', None, PRIVATE, None))
must(libc.mount(b'tmpfs', b'/tmp', b'tmpfs', 0, None))
def detach():
    must(libc.umount2(b'/tmp', DETACH))
`;
