import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Child, start } from '../support/children';
import { openDescriptors } from '../support/descriptors';
import { withDbusNext } from './dbus-next';
import { SERVICE, SERVICE_PATH } from './dbus-service';

// Programs over the libraries that D-Bus programs use, all of which do the same.

/** Debian's packages of them are for its own Python. */
const PYTHON = '/usr/bin/python3';

/** What all programs share: they get the address of the bus as their first argument. */
const COMMON = `
import os, sys
address = sys.argv[1]
NAME, PATH, INTERFACE = '${SERVICE}', '${SERVICE_PATH}', '${SERVICE}'

def identity(fd):
    info = os.fstat(fd)
    return f"{info.st_dev}:{info.st_ino}"

def identities(fds):
    told = [identity(fd) for fd in fds]
    for fd in fds:
        os.close(fd)
    return told

def open_descriptors():
    return len(os.listdir('/proc/self/fd'))
`;

/**
 * Makes calls, at most 32 at once: of each three, one without descriptors, one with one, and one with two, which must come back.
 * `call(i, files, done)` is of each library; `done` takes what came back.
 */
const CALLS = `
class Calls:
    def __init__(self, count, call):
        self.count, self.call = count, call
        self.started = self.ended = self.wrong = 0

    def begin(self):
        while self.started < self.count and self.started - self.ended < 32:
            self.started += 1
            i = self.started
            files = [os.memfd_create('file') for _ in range(i % 3)]
            sent = [f'call {i}'] if not files else [identity(fd) for fd in files]
            self.call(i, files, lambda got, sent=sent: self.end(got == sent))
            for fd in files:
                os.close(fd)

    def end(self, right):
        self.ended += 1
        self.wrong += not right
        self.begin()
        return self.ended == self.count

    def report(self):
        print(self.count, self.wrong, open_descriptors() - before, flush=True)

count = int(sys.argv[2])
`;

const LIBDBUS = `
import dbus, dbus.bus
from dbus.mainloop.glib import DBusGMainLoop
from gi.repository import GLib
DBusGMainLoop(set_as_default=True)
bus = dbus.bus.BusConnection(address)
service = dbus.Interface(bus.get_object(NAME, PATH, introspect=False), INTERFACE)
loop = GLib.MainLoop()
before = open_descriptors()

def call(i, files, done):
    def failed(error):
        print(error, file=sys.stderr)
        done(None)
    def finish(got):
        if done(got):
            loop.quit()
    if files:
        values = dbus.Array([dbus.types.UnixFd(fd) for fd in files], signature='h')
        reply = lambda got: finish(identities([value.take() for value in got]))
        service.Echo(values, reply_handler=reply, error_handler=failed)
    else:
        service.Ping(f'call {i}', reply_handler=lambda text: finish([str(text)]), error_handler=failed)

calls = Calls(count, call)
calls.begin()
loop.run()
calls.report()
`;

const GDBUS = `
from gi.repository import Gio, GLib
flags = Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION
bus = Gio.DBusConnection.new_for_address_sync(address, flags, None, None)
loop = GLib.MainLoop()

def call(i, files, done):
    def finish(got):
        if done(got):
            loop.quit()
    def echoed(bus, result):
        value, fds = bus.call_with_unix_fd_list_finish(result)
        numbers = fds.steal_fds()
        finish(identities([numbers[index] for index in value.unpack()[0]]))
    def said(bus, result):
        finish([bus.call_finish(result).unpack()[0]])
    if files:
        fds = Gio.UnixFDList.new()
        indices = [fds.append(fd) for fd in files]
        bus.call_with_unix_fd_list(NAME, PATH, INTERFACE, 'Echo', GLib.Variant('(ah)', (indices,)), None, 0, -1, fds, None, echoed)
    else:
        bus.call(NAME, PATH, INTERFACE, 'Ping', GLib.Variant('(s)', (f'call {i}',)), None, 0, -1, None, said)

before = open_descriptors()
calls = Calls(count, call)
calls.begin()
loop.run()
calls.report()
`;

const SD_BUS = `
from ctypes import *
library = CDLL('libsystemd.so.0')
NO_TIME_LIMIT = c_uint64(2**64 - 1)
Reply = CFUNCTYPE(c_int, c_void_p, c_void_p, c_void_p)

def sd(name, *arguments):
    result = getattr(library, name)(*arguments)
    if result < 0:
        raise OSError(-result, name)
    return result

bus = c_void_p()
sd('sd_bus_new', byref(bus))
sd('sd_bus_set_address', bus, address.encode())
sd('sd_bus_set_bus_client', bus, 1)
sd('sd_bus_negotiate_fds', bus, 1)
sd('sd_bus_start', bus)
replies = {}

def call(i, files, done):
    def reply(message, _data, _error):
        message = c_void_p(message)
        got = []
        if library.sd_bus_message_is_method_error(message, None):
            got = None
        elif files:
            sd('sd_bus_message_enter_container', message, c_char(b'a'), b'h')
            fd = c_int()
            while sd('sd_bus_message_read_basic', message, c_char(b'h'), byref(fd)) > 0:
                got.append(identity(fd.value))  # It belongs to the message.
        else:
            text = c_char_p()
            sd('sd_bus_message_read_basic', message, c_char(b's'), byref(text))
            got.append(text.value.decode())
        done(got)
        return 1
    replies[i] = Reply(reply)
    message = c_void_p()
    member = b'Echo' if files else b'Ping'
    sd('sd_bus_message_new_method_call', bus, byref(message), NAME.encode(), PATH.encode(), INTERFACE.encode(), member)
    if files:
        sd('sd_bus_message_open_container', message, c_char(b'a'), b'h')
        for fd in files:
            sd('sd_bus_message_append_basic', message, c_char(b'h'), byref(c_int(fd)))
        sd('sd_bus_message_close_container', message)
    else:
        sd('sd_bus_message_append_basic', message, c_char(b's'), f'call {i}'.encode())
    sd('sd_bus_call_async', bus, None, message, replies[i], None, c_uint64(0))
    library.sd_bus_message_unref(message)

before = open_descriptors()
calls = Calls(count, call)
calls.begin()
while calls.ended < count:
    if sd('sd_bus_process', bus, None) == 0:
        sd('sd_bus_wait', bus, NO_TIME_LIMIT)
calls.report()
`;

const DBUS_NEXT = `
  await new Promise((resolve) => bus.once('connect', resolve));
  const identity = (fd) => String(fs.fstatSync(fd).ino);
  const before = openMemories();
  const call = async (member, signature, body) => {
    const target = { destination: '${SERVICE}', path: '${SERVICE_PATH}', interface: '${SERVICE}' };
    return (await bus.call(new dbus.Message({ ...target, member, signature, body }))).body[0];
  };
  let wrong = 0;
  const one = async (index) => {
    const files = Array.from({ length: index % 3 }, () => fds.memfd('file'));
    const sent = files.map((file) => identity(file.fd));
    if (files.length === 0) {
      if ((await call('Ping', 's', ['call ' + index])) !== 'call ' + index) wrong++;
      return;
    }
    const answered = call('Echo', 'ah', [files.map((file) => file.fd)]);
    for (const file of files) file.close();
    const got = await answered;
    if (String(got.map(identity)) !== String(sent)) wrong++;
    for (const fd of got) fs.closeSync(fd);
  };
  const count = COUNT;
  for (let made = 0; made < count; made += 32) {
    await Promise.all(Array.from({ length: Math.min(32, count - made) }, (_, index) => one(made + index + 1)));
  }
  console.log(count, wrong, openMemories() - before);
  bus.disconnect();
`;

const python = (source: string) => (address: string, calls: number) =>
  start(PYTHON, ['-c', COMMON + CALLS + source, address, String(calls)]);

/** Libraries of D-Bus, as clients of the service: programs that make so many calls. */
export const clients = {
  libdbus: python(LIBDBUS),
  GDBus: python(GDBUS),
  'sd-bus': python(SD_BUS),
  'dbus-next': (address: string, calls: number) => withDbusNext(address, DBUS_NEXT.replace('COUNT', String(calls))),
} as const satisfies Readonly<Record<string, (address: string, calls: number) => Child>>;

/** How a client fared: calls, how many were wrong, and descriptors that it has left open. */
export interface Fared {
  readonly calls: number;
  readonly wrong: number;
  readonly leftOver: number;
}

export async function runClient(library: keyof typeof clients, address: string, calls: number): Promise<Fared> {
  const { stdout } = await clients[library](address, calls).succeeded();
  const [made = 0, wrong = 0, leftOver = 0] = stdout.split(' ').map(Number);
  return { calls: made, wrong, leftOver };
}

/** How many descriptors more than before a process has open, once it has had time to close them. */
export async function leftOverIn(pid: number, before: number): Promise<number> {
  const deadline = performance.now() + 2000;
  for (;;) {
    const more = openDescriptors(pid).size - before;
    if (more <= 0 || performance.now() > deadline) return more;
    await nextTurn();
  }
}
