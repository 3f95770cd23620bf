import { type Child, start } from '../support/children';
import { withDbusNext } from './dbus-next';
import type { PrivateBus } from './private-bus';

/** The name, the interface and, with slashes, the path of the services that tests call. */
export const SERVICE = 'com.example.Descriptors';
export const SERVICE_PATH = `/${SERVICE.replaceAll('.', '/')}`;

/**
 * A service of libdbus, in Python: `Swap(h) -> (h, t, t)` returns a new memfd, its inode, and the inode of what it got; `Ping(s) -> s`
 * returns the text; `Open() -> u` counts the descriptors that it has open, files that it was sent or made. `Echo(ah) -> ah` gives
 * back what it got, `Identify(h) -> s` says which file it is, and `Make(s) -> h` returns a file with a text in it.
 */
const PYTHON = `
import os, sys
import dbus, dbus.service
from dbus.mainloop.glib import DBusGMainLoop
from gi.repository import GLib

NAME = '${SERVICE}'
def handed(fds):
    values = [dbus.types.UnixFd(fd) for fd in fds]
    for fd in fds:
        os.close(fd)
    return values

class Descriptors(dbus.service.Object):
    @dbus.service.method(NAME, in_signature='h', out_signature='htt')
    def Swap(self, given):
        got = given.take()
        inode = os.fstat(got).st_ino
        os.close(got)
        made = os.memfd_create('answer')
        own = os.fstat(made).st_ino
        answer = dbus.types.UnixFd(made)
        os.close(made)
        return answer, own, inode
    @dbus.service.method(NAME, in_signature='ah', out_signature='ah')
    def Echo(self, given):
        return handed([each.take() for each in given])
    @dbus.service.method(NAME, in_signature='h', out_signature='s')
    def Identify(self, given):
        got = given.take()
        file = os.fstat(got)
        os.close(got)
        return f'{file.st_dev}:{file.st_ino}'
    @dbus.service.method(NAME, in_signature='s', out_signature='h')
    def Make(self, text):
        made = os.memfd_create('made')
        os.write(made, text.encode())
        os.lseek(made, 0, os.SEEK_SET)
        return handed([made])[0]
    @dbus.service.method(NAME, in_signature='s', out_signature='s')
    def Ping(self, text):
        return text
    @dbus.service.method(NAME, out_signature='u')
    def Open(self):
        links = []
        for each in os.listdir('/proc/self/fd'):
            try:
                links.append(os.readlink('/proc/self/fd/' + each))
            except FileNotFoundError:
                pass
        return sum('/memfd:' in link for link in links)

DBusGMainLoop(set_as_default=True)
bus = dbus.bus.BusConnection(sys.argv[1])
name = dbus.service.BusName(NAME, bus)
service = Descriptors(bus, '${SERVICE_PATH}')
GLib.idle_add(lambda: print('ready', flush=True))  # Once the loop has opened what it needs.
GLib.MainLoop().run()
`;

/** Debian's own Python, for which python3-dbus is installed. */
export async function pythonService(bus: Pick<PrivateBus, 'address'>): Promise<Child> {
  const service = start('/usr/bin/python3', ['-c', PYTHON], { args: [bus.address] });
  await service.line();
  return service;
}

/** The same of dbus-next, in JavaScript. */
const JAVASCRIPT = `
  class Descriptors extends dbus.interface.Interface {
    Swap(given) {
      const inode = fs.fstatSync(given).ino;
      fs.closeSync(given);
      const made = fds.memfd('answer');
      setImmediate(() => made.close());
      return [made.fd, BigInt(fs.fstatSync(made.fd).ino), BigInt(inode)];
    }
    Ping(text) {
      return text;
    }
    Open() {
      return openMemories();
    }
  }
  Descriptors.configureMembers({
    methods: {
      Swap: { inSignature: 'h', outSignature: 'htt' },
      Ping: { inSignature: 's', outSignature: 's' },
      Open: { outSignature: 'u' },
    },
  });
  await bus.requestName('${SERVICE}');
  bus.export('${SERVICE_PATH}', new Descriptors('${SERVICE}'));
  console.log('ready');
`;

export async function dbusNextService(bus: PrivateBus): Promise<Child> {
  const service = withDbusNext(bus.address, JAVASCRIPT);
  await service.line();
  return service;
}
