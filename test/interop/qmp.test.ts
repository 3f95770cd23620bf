import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { connect, fds } from '../../packages/ancillary';
import { delimited } from '../../packages/codec';
import { framed } from '../../packages/rpc';
import { type Child, runDirectory, start } from '../support/children';
import { identity, openDescriptors } from '../support/descriptors';
import { closed } from '../support/peer';
import { leftOpen, reportRow } from './report';

// QMP, the protocol of QEMU's monitor (qemu.org/docs/master/interop/qmp-spec.html): objects of JSON that end with CRLF. Commands
// getfd and add-fd take the one descriptor that came with them.

/** So many commands of each kind; QEMU keeps the descriptors of one burst at a time. */
const COUNT = 500;
const BURST = 125;

/** QEMU with no machine, only a monitor. */
function startQemu(address: string): Child {
  const monitor = `socket,id=monitor,path=${address},server=on,wait=off`;
  return start('qemu-system-x86_64', [
    ...[
      '-machine',
      'none',
      '-nodefaults',
      '-display',
      'none',
      '-chardev',
      monitor,
      '-mon',
      'chardev=monitor,mode=control',
    ],
  ]);
}

type Answer = Readonly<Record<string, unknown>>;

/** The files that a process has open, by number. */
function filesOf(pid: number): ReadonlyMap<number, string> {
  const directory = `/proc/${pid}/fd`;
  return new Map(readdirSync(directory).map((name) => [Number(name), fileAt(pid, Number(name))]));
}

function fileAt(pid: number, fd: number): string {
  try {
    const { dev, ino } = statSync(`/proc/${pid}/fd/${fd}`, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return 'closed';
  }
}

it('QEMU takes 1,000 descriptors by getfd and add-fd, in bursts with as many commands without', async () => {
  const address = path.join(runDirectory(), `qmp-${process.pid}`);
  await using qemu = startQemu(address);
  const socket = await connect(address, { retry: true, timeout: 60_000 });
  const before = openDescriptors();
  const connection = framed(socket, delimited({ delimiter: '\r\n' }));
  const answers = connection[Symbol.asyncIterator]();
  let messages = 0;

  const answer = async (): Promise<Answer> => {
    for (;;) {
      const { value } = (await answers.next()) as IteratorResult<{ bytes: Buffer }, never>;
      messages++;
      const said = JSON.parse(value.bytes.toString()) as Answer;
      if (!('event' in said)) return said;
    }
  };
  const command = async (execute: string, args: object = {}, given: readonly { fd: number }[] = []): Promise<void> => {
    messages++;
    await connection.send({ bytes: Buffer.from(JSON.stringify({ execute, arguments: args })), fds: given });
  };

  expect(await answer()).toHaveProperty('QMP');
  await command('qmp_capabilities');
  expect(await answer()).toEqual({ return: {} });
  const theirs = filesOf(qemu.pid);

  let wrong = 0;
  for (let first = 0; first < COUNT; first += BURST) {
    const named: string[] = [];
    const added: string[] = [];
    const sending: Promise<void>[] = [];
    for (let number = 0; number < BURST; number++) {
      using one = fds.memfd('getfd');
      using other = fds.memfd('add-fd');
      named.push(identity(one.fd));
      added.push(identity(other.fd));
      sending.push(command('getfd', { fdname: `f${number}` }, [one]), command('query-name'));
      sending.push(command('add-fd', { 'fdset-id': number }, [other]), command('query-version'));
    }
    await Promise.all(sending);

    const numbers: number[] = [];
    for (let number = 0; number < BURST; number++) {
      if ('error' in (await answer())) wrong++;
      await answer();
      const { return: set } = await answer();
      numbers.push((set as { fd: number } | undefined)?.fd ?? -1);
      if (fileAt(qemu.pid, numbers[number] ?? -1) !== added[number]) wrong++;
      await answer();
    }
    // getfd does not say which number it is: the one that closing the name closes.
    const held = new Map([...filesOf(qemu.pid)].map(([fd, file]) => [file, fd]));
    for (let number = 0; number < BURST; number++) {
      const fd = held.get(named[number] ?? '') ?? -1;
      await command('closefd', { fdname: `f${number}` });
      await command('remove-fd', { 'fdset-id': number });
      if ('error' in (await answer()) || 'error' in (await answer())) wrong++;
      if (fd === -1 || fileAt(qemu.pid, fd) === named[number]) wrong++;
    }
  }

  const leftOver = leftOpen(before) + leftOpen(theirs, filesOf(qemu.pid));
  reportRow(
    { peer: 'QMP: QEMU, getfd and add-fd', messages, fdsSent: socket.stats.fdsSent, fdsReceived: 0, wrong, leftOver },
    { messages: 8 * COUNT, fdsSent: 2 * COUNT },
  );
  await command('quit');
  // Of what it has not read it would not hear once we are gone.
  await answer();
  await closed(socket);
  await qemu.succeeded();
});
