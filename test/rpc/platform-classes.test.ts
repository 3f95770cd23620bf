import { built } from '../support/built';
import { start } from '../support/children';

// In a process of its own: which modules are loaded is of the process, and Jest has nearly all.

/** What the process says of handlers: the first words of each error, or `taken`. */
async function saidOf(handlers: string): Promise<string[]> {
  const source = `
    const { socketpair } = require(${JSON.stringify(built())});
    const { rpc } = require(${JSON.stringify(built('rpc'))});
    const say = (handlers) => {
      const [left, right] = socketpair();
      try {
        rpc(left, handlers);
        console.log('taken');
      } catch ({ name, code, message }) {
        console.log(name, code, /inherits of ([^.]*)/.exec(message)?.[1] ?? message);
      }
      left.destroy();
      right.destroy();
    };
    ${handlers}`;
  const { stdout, stderr } = await start(process.execPath, ['-e', source]).succeeded();
  expect(stderr).toBe('');
  return stdout.slice(0, -1).split('\n');
}

test.each<[path: string, of: string]>([
  ["require('dns').Resolver", 'Resolver'],
  ["require('dns').promises.Resolver", 'Resolver'],
  ["require('string_decoder').StringDecoder", 'StringDecoder'],
  ["require('util').MIMEType", 'MIMEType'],
  ["require('readline/promises').Readline", 'Readline'],
  ["require('diagnostics_channel').Channel", 'Channel'],
  ["require('console').Console", 'Console'],
  ["require('net').BlockList", '(BlockList|JSTransferable)'],
  ["require('net').SocketAddress", '(SocketAddress|JSTransferable)'],
  ["require('crypto').DiffieHellman", 'DiffieHellman'],
  ["require('crypto').ECDH", 'ECDH'],
  ["require('fs').Stats", '(Stats|StatsBase)'],
  ["require('fs').Dirent", 'Dirent'],
  ["require('url').Url", 'Url'],
  ["require('vm').Script", '(Script|ContextifyScript)'],
  ["require('v8').Serializer", 'Serializer'],
  ["require('module')", 'Module'],
  ["require('perf_hooks').PerformanceObserver", 'PerformanceObserver'],
  ["require('http').Agent", 'Agent'],
  ["require('stream').Transform", 'Transform'],
])('what extends %s is no object of handlers', async (path, of) => {
  // Without its constructor, which wants arguments of its own.
  const said = await saidOf(`
    class Api extends ${path} { one() {} }
    class More extends Api { two() {} }
    say(Object.create(Api.prototype));
    say(Object.create(More.prototype));`);
  for (const line of said) expect(line).toMatch(new RegExp(`^TypeError ERR_INVALID_ARG_TYPE ${of}$`));
  expect(said).toHaveLength(2);
});

test('a module that is loaded between two connections is known to the second', async () => {
  const said = await saidOf(`
    class Own { one() {} }
    say(new Own());
    class Api extends require('dns').Resolver { one() {} }
    say(new Api());
    say(new Own());`);
  expect(said).toEqual(['taken', 'TypeError ERR_INVALID_ARG_TYPE Resolver', 'taken']);
});

test('a class of the program is taken, also by the name of one of a module, and loads none', async () => {
  const said = await saidOf(`
    require('net');
    const Resolver = class Resolver { one() {} };
    const BlockList = class BlockList extends Resolver { two() {} };
    const before = process.moduleLoadList.length;
    say(new Resolver());
    say(new BlockList());
    say(new (class extends BlockList {})());
    const added = process.moduleLoadList.slice(before).filter((name) => /^NativeModule (?!internal|util.types)/.test(name));
    console.log(added.join());`);
  expect(said).toEqual(['taken', 'taken', 'taken', '']);
});
