import { openDescriptors } from '../support/descriptors';
import { start } from '../support/children';
import { Files } from '../support/files';
import { clients, leftOverIn, runClient } from './dbus-peers';
import { pythonService, SERVICE, SERVICE_PATH } from './dbus-service';
import { type PrivateBus, privateBus } from './private-bus';
import { type DBusProxy, startProxy } from './dbus-proxy';
import { reportRow } from './report';

// A proxy between dbus-daemon and programs of the libraries that there are of D-Bus. The service, too, is behind the proxy:
// each call passes it twice, and so does each reply.

const CALLS = 2000;

let bus: PrivateBus;
let proxy: DBusProxy;
beforeEach(async () => {
  bus = await privateBus();
  proxy = await startProxy(bus);
});
afterEach(async () => {
  await bus[Symbol.asyncDispose]();
  await proxy[Symbol.asyncDispose]();
});

test.each(Object.keys(clients) as (keyof typeof clients)[])('%s and a service of libdbus', async (library) => {
  await using service = await pythonService(proxy);
  const before = openDescriptors(service.pid).size;
  const { messages, fds } = proxy.passed;
  const fared = await runClient(library, proxy.address, CALLS);
  expect([fared.calls, proxy.passed.ambiguous, proxy.failures]).toEqual([CALLS, 0, []]);
  const passed = proxy.passed.fds - fds;
  reportRow(
    {
      peer: `proxy between dbus-daemon and ${library}`,
      messages: proxy.passed.messages - messages,
      fdsSent: passed,
      fdsReceived: passed,
      wrong: fared.wrong + proxy.passed.wrong,
      leftOver: Math.max(0, fared.leftOver) + (await leftOverIn(service.pid, before)),
    },
    { messages: 4 * CALLS, fdsSent: 4 * CALLS, fdsReceived: 4 * CALLS },
  );
});

test('gdbus, busctl and dbus-send', async () => {
  await using service = await pythonService(proxy);
  const before = openDescriptors(service.pid).size;
  const { address } = proxy;
  using files = new Files(1);
  const target = [SERVICE, SERVICE_PATH, SERVICE] as const;
  const call = (member: string, ...args: string[]) => [
    'call',
    '--address',
    address,
    '--dest',
    target[0],
    '--object-path',
    target[1],
    '--method',
    `${target[2]}.${member}`,
    ...args,
  ];
  const told = async (command: string, args: string[], descriptors: number[] = []) =>
    (await start(command, args, { descriptors }).succeeded()).stdout.trim();

  expect(await told('gdbus', call('Ping', 'hello'))).toBe("('hello',)");
  expect(await told('gdbus', call('Identify', '3'), files.numbers)).toBe(`('${files.identities[0]}',)`);
  expect(await told('busctl', [`--address=${address}`, 'call', ...target, 'Ping', 's', 'hello'])).toBe('s "hello"');
  expect(await told('busctl', [`--address=${address}`, 'call', ...target, 'Make', 's', 'hello'])).toMatch(/^h \d+$/);
  const send = (member: string) => [
    `--bus=${address}`,
    '--print-reply',
    `--dest=${target[0]}`,
    target[1],
    `${target[2]}.${member}`,
    'string:hello',
  ];
  expect(await told('dbus-send', send('Ping'))).toMatch(/string "hello"$/);
  expect(await told('dbus-send', send('Make'))).toMatch(/file descriptor/);
  expect([proxy.passed.wrong, proxy.passed.ambiguous, proxy.failures]).toEqual([0, 0, []]);
  expect(await leftOverIn(service.pid, before)).toBe(0);
});
