import { start } from '../support/children';
import { plainJavaScript } from '../support/plain-javascript';

// What shows only in a process of its own: what becomes of an exception, and whether the process ends by itself.

const kernels = {
  'the kernel': `const { nativeBinding } = require(packages + '/binding-native');
    const bindings = [nativeBinding, nativeBinding];
    const [a, b] = nativeBinding.socketpair();`,
  'the model': `const { ModelWorld } = require(packages + '/binding-model');
    const world = new ModelWorld({ seed: 1 });
    const { bindings } = world;
    const [a, b] = world.socketpair();`,
};

/**
 * Runs a program on two open sockets, `left` and `right`. What they tell is put in `told`, with exceptions that
 * nobody caught, and `onEvent` is called with it. The process must end by itself. Returns `told` as it was then.
 */
async function toldTo(kernel: string, program: string): Promise<string[]> {
  const child = start(process.execPath, [
    '-e',
    `const packages = ${JSON.stringify(`${plainJavaScript()}/..`)};
    ${kernel}
    const told = [];
    let onEvent = () => {};
    const tell = (what) => { told.push(what); onEvent(what); };
    const eventsOf = (name) => ({
      inbox: {
        deliver: (segments, end) => tell(name + ' read ' + segments.map(({ bytes }) => bytes).join('') + (end ?? '')),
      },
      writable: () => tell(name + ' writable'),
      hangup: () => tell(name + ' hangup'),
    });
    const [left, right] = [bindings[0].open(a, eventsOf('left')), bindings[1].open(b, eventsOf('right'))];
    const part = (text) => ({ bytes: Buffer.from(text), fds: [] });
    process.on('uncaughtException', (error) => told.push('uncaught ' + error.message));
    const until = async (condition) => { while (!condition()) await new Promise(setImmediate); };
    process.on('exit', () => require('node:fs').writeSync(1, JSON.stringify(told)));
    ${program}`,
  ]);
  const { stdout } = await child.succeeded();
  return JSON.parse(stdout) as string[];
}

const asking = {
  'nothing was asked for': '',
  'only the hangup is waited for': 'left.watchHangup(); right.watchHangup();',
  'a socket is read that does not count': 'left.unref(); left.allowReading(9, 9); left.watchHangup();',
  'reading is allowed no more': 'left.allowReading(9, 9); left.allowReading(0, 0);',
  'both were closed': 'left.allowReading(9, 9); left.watchWritable(); left.close(); right.close();',
  'the stream has ended': 'left.allowReading(9, 9); right.shutdown();',
};

describe.each(Object.entries(kernels))('on %s', (_name, kernel) => {
  test.each(Object.entries(asking))('the process can end while %s', async (_what, program) => {
    const told = await toldTo(kernel, program);
    expect(told.filter((each) => !each.endsWith('eof'))).toEqual([]);
  });

  test('a socket that is read keeps the process running until what was sent has come', async () => {
    const told = await toldTo(
      kernel,
      `left.allowReading(1, 1);
      right.sendParts([part('x')]);
      onEvent = (what) => {
        if (what === 'left read x') {
          right.allowReading(1, 1);
          left.sendParts([part('y')]);
          left.close();
        } else right.close();
      };`,
    );
    expect(told).toEqual(['left read x', 'right read y']);
  });

  test('an exception thrown from an event is an uncaught one, and the socket goes on as if there had been none', async () => {
    const told = await toldTo(
      kernel,
      `onEvent = (what) => { throw new Error(what); };
      const count = (what) => told.filter((each) => each === 'uncaught ' + what).length;
      (async () => {
        left.allowReading(9, 9);
        for (const text of ['a', 'b']) {
          right.sendParts([part(text)]);
          await until(() => count('left read ' + text) === 1);
        }
        for (const times of [1, 2]) {
          left.watchWritable();
          await until(() => count('left writable') === times);
        }
        left.allowReading(0, 0);
        left.watchHangup();
        right.close();
        await until(() => count('left hangup') === 1);
        left.allowReading(9, 9);
        await until(() => count('left read eof') === 1);
        left.close();
      })();`,
    );
    const events = ['read a', 'read b', 'writable', 'writable', 'hangup', 'read eof'];
    expect(told).toEqual(events.flatMap((event) => [`left ${event}`, `uncaught left ${event}`]));
  });

  test('an exception thrown from one event keeps no other from coming', async () => {
    const told = await toldTo(
      kernel,
      `onEvent = (what) => { throw new Error(what); };
      for (const end of [left, right]) {
        end.allowReading(1, 1);
        end.watchWritable();
        end.sendParts([part('x')]);
      }
      until(() => told.length === 8).then(() => {
        left.close();
        right.close();
      });`,
    );
    const events = ['left read x', 'left writable', 'right read x', 'right writable'];
    expect(told.sort()).toEqual([...events, ...events.map((event) => `uncaught ${event}`)]);
  });
});
