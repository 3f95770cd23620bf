import path from 'node:path';
import { privateBus } from '../interop/private-bus';
import { start } from '../support/children';

// The programs of examples/ that speak D-Bus, on a bus of their own.

const example = (name: string) => path.resolve(__dirname, '../../examples', name);
const run = (name: string, ...args: string[]) => start(process.execPath, [example(name), ...args]);

/** Inhibits as logind does: the lock is the writing end of a pipe, and gone when nobody holds that. */
const LOGIND = `
import os, sys
import dbus, dbus.bus, dbus.service
from dbus.mainloop.glib import DBusGMainLoop
from gi.repository import GLib

class Manager(dbus.service.Object):
    @dbus.service.method('org.freedesktop.login1.Manager', in_signature='ssss', out_signature='h')
    def Inhibit(self, what, who, why, mode):
        reading, writing = os.pipe()
        print('locked', what, mode, 'by', who, flush=True)
        def gone(*_):
            os.close(reading)
            print('unlocked', flush=True)
            return False
        GLib.io_add_watch(reading, GLib.IO_HUP, gone)
        lock = dbus.types.UnixFd(writing)
        os.close(writing)
        return lock

DBusGMainLoop(set_as_default=True)
bus = dbus.bus.BusConnection(sys.argv[1])
name = dbus.service.BusName('org.freedesktop.login1', bus)
manager = Manager(bus, '/org/freedesktop/login1')
print('ready', flush=True)
GLib.MainLoop().run()
`;

test('inhibitor-lock: takes a lock, holds its descriptor, and lets go', async () => {
  await using bus = await privateBus();
  await using logind = start('/usr/bin/python3', ['-c', LOGIND, bus.address]);
  expect(await logind.line()).toBe('ready');

  await using program = run('inhibitor-lock.mjs', bus.path);
  expect(await program.line()).toBe('holding the lock, a pipe');
  expect(await logind.line()).toBe('locked sleep block by ancillary');
  program.kill('SIGTERM');
  expect(await logind.line()).toBe('unlocked');
  const { stdout, stderr } = await program.succeeded();
  expect([stdout, stderr]).toEqual(['holding the lock, a pipe\nlet go\n', '']);
});

test('inhibitor-lock: says what the bus answers where there is no logind', async () => {
  await using bus = await privateBus();
  const { code, stderr } = await run('inhibitor-lock.mjs', bus.path).finished;
  expect([code, stderr]).toEqual([1, expect.stringContaining('org.freedesktop.DBus.Error.ServiceUnknown')]);
});

test('dbus-proxy: prints what passes, with the kinds of descriptors, and nothing of it is lost', async () => {
  await using bus = await privateBus();
  await using logind = start('/usr/bin/python3', ['-c', LOGIND, bus.address]);
  expect(await logind.line()).toBe('ready');
  await using proxy = run('dbus-proxy.mjs', bus.path);
  const [, socket = ''] = /unix:path=(\S+) /.exec(await proxy.line()) ?? [];

  await using program = run('inhibitor-lock.mjs', socket);
  expect(await program.line()).toBe('holding the lock, a pipe');
  program.kill('SIGTERM');
  await program.succeeded();
  expect([await logind.line(), await logind.line()]).toEqual(['locked sleep block by ancillary', 'unlocked']);

  proxy.kill('SIGTERM');
  const { stdout, stderr } = await proxy.succeeded();
  expect(stderr).toBe('');
  const lines = stdout.trimEnd().split('\n').slice(1);
  const dbus = 'org.freedesktop.DBus';
  const name = / for (:\S+)/.exec(lines[1] ?? '')?.[1] ?? '';
  const service = / from (:\S+)/.exec(lines[4] ?? '')?.[1] ?? '';
  expect(lines).toEqual([
    `> method_call 1 for ${dbus} /org/freedesktop/DBus ${dbus}.Hello ()`,
    `< method_return 1 to 1 from ${dbus} for ${name} (s)`,
    `< signal 2 from ${dbus} for ${name} /org/freedesktop/DBus ${dbus}.NameAcquired (s)`,
    '> method_call 2 for org.freedesktop.login1 /org/freedesktop/login1 org.freedesktop.login1.Manager.Inhibit (ssss)',
    expect.stringMatching(new RegExp(`^< method_return \\d+ to 2 from ${service} for ${name} \\(h\\) with pipe$`)),
  ]);
});
