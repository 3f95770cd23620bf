import { attempt, type Entry } from './entry';
import type { Machine } from './machine';
import type { Program, Step } from './program';
import { receive } from './receive';
import { Sender } from './send';
import { World } from './world';

/** Runs a program to its end, whatever its calls return. */
export function run(program: Program, machine: Machine): Entry[] {
  const world = new World(machine);
  const entries: Entry[] = [];
  try {
    const sender = new Sender(world);
    for (const step of [...beginning(program), ...program.steps]) entries.push(execute(step, world, sender));
    for (const step of lastLook(world)) entries.push({ ...execute(step, world, sender), isLastLook: true });
  } finally {
    entries.push(end(world));
  }
  return entries;
}

export const LOST_PIDFD = 'pidfds without a word';
export const LOST_DESCRIPTOR = 'descriptors without a word';

/** Nothing may be left, but for what docs/kernel.md 38 tells of. */
function end(world: World): Entry {
  const left = world.end();
  return {
    call: 'end',
    result: `left open: ${left.join() || 'nothing'}`,
    met: left.map((each) => (each.endsWith(' process') ? LOST_PIDFD : LOST_DESCRIPTOR)),
  };
}

function beginning({ pairs, files }: Program): Step[] {
  const steps: Step[] = [];
  pairs.forEach(({ type, sendBuffer: value }, pair) => {
    steps.push({ call: 'socketpair', type });
    if (value === undefined) return;
    for (const on of [2 * pair, 2 * pair + 1]) steps.push({ call: 'setsockopt', on, option: 'SO_SNDBUF', value });
  });
  for (let file = 0; file < files; file++) steps.push({ call: 'open' });
  return steps;
}

/** Asks for what the program changed, whether it asked or not. */
function lastLook({ count }: World): Step[] {
  const sockets = Array.from({ length: count.sockets }, (_, on): Step[] => [
    { call: 'outq', on },
    { call: 'inq', on },
  ]);
  const all = Array.from({ length: count.all }, (_, of): Step => ({ call: 'poll', of }));
  return [...sockets.flat(), ...all];
}

function execute(step: Step, world: World, sender: Sender): Entry {
  switch (step.call) {
    case 'sendmsg':
      return sender.send(step);
    case 'recvmsg':
      return receive(step, world);
    case 'setsockopt':
    case 'getsockopt':
    case 'shutdown':
    case 'inq':
    case 'outq':
      return onSocket(step, world);
    case 'close':
    case 'dup':
    case 'poll':
      return ofDescriptor(step, world);
    case 'socketpair':
    case 'open':
    case 'limit':
      return ofProcess(step, world);
  }
}

type Of<Call extends Step['call']> = Extract<Step, { call: Call }>;

function onSocket(step: Of<'setsockopt' | 'getsockopt' | 'shutdown' | 'inq' | 'outq'>, world: World): Entry {
  const { calls } = world.machine;
  const { fd } = world.target(step.on);
  const on = world.numberOf(fd);
  switch (step.call) {
    case 'setsockopt':
      return attempt(`setsockopt(${on}, ${step.option}, ${step.value})`, () => {
        calls.setsockopt(fd, step.option, step.value);
        return 'done';
      });
    case 'getsockopt':
      return attempt(`getsockopt(${on}, ${step.option})`, () => `${calls.getsockopt(fd, step.option)}`);
    case 'shutdown':
      return attempt(`shutdown(${on}, ${step.how})`, () => {
        calls.shutdown(fd, step.how);
        return 'done';
      });
    case 'inq':
      return attempt(`inq(${on})`, () => `${calls.inq(fd)}`);
    case 'outq':
      return attempt(`outq(${on})`, () => `${calls.outq(fd)}`);
  }
}

function ofDescriptor({ call, of }: Of<'close' | 'dup' | 'poll'>, world: World): Entry {
  const { calls } = world.machine;
  const handle = world.pick(of);
  if (handle === undefined) return { call, result: 'nothing is open' };
  const written = `${call}(${world.numberOf(handle.fd)})`;
  switch (call) {
    case 'close':
      return attempt(written, () => {
        world.close(handle);
        return 'done';
      });
    case 'dup':
      return attempt(written, () => world.add(calls.dup(handle.fd)));
    case 'poll':
      return attempt(written, () => {
        const events = Object.entries(calls.poll(handle.fd)).filter(([, there]) => there === true);
        return events.map(([event]) => event).join(' ') || 'nothing';
      });
  }
}

function ofProcess(step: Of<'socketpair' | 'open' | 'limit'>, world: World): Entry {
  const { calls, fdLimit } = world.machine;
  switch (step.call) {
    case 'socketpair':
      return attempt(`socketpair(${step.type})`, () => world.addPair(step.type, calls.socketpair(step.type)));
    case 'open':
      return attempt('open', () => world.add(calls.open(world.nextFile())));
    case 'limit': {
      const { free } = step;
      return attempt(free === undefined ? 'no limit of descriptors' : `limit of descriptors: ${free} more`, () => {
        calls.setFdLimit(free === undefined ? fdLimit : world.limitFor(free));
        return 'done';
      });
    }
  }
}
