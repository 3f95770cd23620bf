import { start } from '../support/children';
import { plainJavaScript } from '../support/plain-javascript';

/** What a program told, and the messages of everything that it threw where nobody catches. */
export interface Told<Result> {
  readonly result: Result;
  readonly uncaught: readonly string[];
}

type Env = Readonly<Record<string, string>>;

/**
 * Runs the body of an async function in a Node of its own, where an exception that nobody catches ends no test: it has
 * `ancillary`, `lengthPrefixed`, `uncaught`, `turns(count)`, `until(condition)` and, with `--expose-gc`, `collectedMemory()`,
 * the bytes of all ArrayBuffers. The child ends when the function returns; one that hangs is killed and fails the test.
 */
export async function inChild<Result>(
  body: string,
  { flags = [], args = [], env: more = {} }: { flags?: readonly string[]; args?: readonly string[]; env?: Env } = {},
): Promise<Told<Result>> {
  const source = `
    const ancillary = require(${JSON.stringify(plainJavaScript())});
    const { lengthPrefixed } = require(${JSON.stringify(`${plainJavaScript()}/../codec`)});
    const uncaught = [];
    process.on('uncaughtException', (error) => uncaught.push(error.code ?? error.message));
    const turn = () => new Promise((resolve) => setImmediate(resolve));
    const turns = async (count) => { for (; count > 0; count--) await turn(); };
    const collectedMemory = async () => {
      // What the collector found, threads of its own free: until it is no less.
      let least = Infinity;
      for (let vain = 0; vain < 5; vain++) {
        gc();
        await new Promise((resolve) => setTimeout(resolve, 2));
        const { arrayBuffers } = process.memoryUsage();
        if (arrayBuffers < least) vain = 0;
        least = Math.min(least, arrayBuffers);
      }
      return least;
    };
    const until = async (condition) => { while (!condition()) await turn(); };
    (async () => {${body}})().then((result) => {
      require('node:fs').writeSync(1, JSON.stringify({ result, uncaught }) + '\\n');
      process.exit();
    }, (error) => {
      require('node:fs').writeSync(2, error.stack);
      process.exit(1);
    });`;
  // Later versions of Node read that file in a thread of its own, and so have it open for a while at any moment.
  const env = { NODE_EXTRA_CA_CERTS: '', ...more };
  const child = start(process.execPath, [...flags, '-e', source, '--'], { args, env });
  const { stdout } = await child.succeeded();
  return JSON.parse(stdout) as Told<Result>;
}
