import { availableParallelism } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { readFileSync } from 'node:fs';
import { compileC, node } from '../support/children';

const BENCH = path.resolve(__dirname, '../../bench');

/** Evaluates an expression over a module of the benchmarks, in a process of its own, since they are ES modules. */
async function evaluate(module: string, expression: string): Promise<unknown> {
  const url = pathToFileURL(path.join(BENCH, module)).href;
  const { stdout } = await node(`
    import(${JSON.stringify(url)}).then(async (it) => {
      const told = (body) => { try { return body() ?? 'nothing'; } catch (error) { return 'Error: ' + error.message; } };
      console.log(JSON.stringify(await (${expression})));
    });`).succeeded();
  return JSON.parse(stdout);
}

describe('a run is taken for what it is only if', () => {
  const oneWay = { messages: 12, bytes: 768, fds: 12, first: '1:2', last: '1:3', ns: 5, cpu: 5 };

  function verified(received: object, sent: object = {}, mayLose = false): Promise<unknown> {
    const ends = {
      sender: { end: 'sender', sent: { ...oneWay, ...sent } },
      receiver: { end: 'receiver', received: { ...oneWay, ...received } },
    };
    const work = { kind: 'flood', warmup: 2, count: 10, size: 64, fds: 1 };
    return evaluate(
      'measure/verify.mjs',
      `told(() => it.verify(${JSON.stringify(ends)}, ${JSON.stringify(work)}, ${mayLose}))`,
    );
  }

  it('all that was sent arrived', async () => {
    await expect(verified({})).resolves.toBe('nothing');
    await expect(verified({ messages: 11 })).resolves.toMatch(/^Error: .*messages received: 11 instead of 12/);
    await expect(verified({ bytes: 700 })).resolves.toMatch(/^Error: .*bytes received: 700 instead of 768/);
    await expect(verified({ fds: 11 })).resolves.toMatch(/^Error: .*descriptors received: 11 instead of 12/);
  });

  it('the first descriptor and the last are the files that were sent', async () => {
    await expect(verified({ first: '1:3' })).resolves.toMatch(/^Error: .*the first descriptor/);
    await expect(verified({ last: '1:2' })).resolves.toMatch(/^Error: .*the last descriptor/);
    await expect(verified({ last: '1:2' }, { last: '1:2' })).resolves.toMatch(/^Error: .*told apart/);
  });

  it('what a program is known to lose is told', async () => {
    await expect(verified({ fds: 9, last: '1:2' }, {}, true)).resolves.toEqual({ lost: 3, of: 12 });
    await expect(verified({ fds: 13 }, {}, true)).resolves.toMatch(/^Error: /);
  });
});

it('ends that are to be apart are on two processors, and fail where there is one', async () => {
  const pair = compileC(readFileSync(path.join(BENCH, 'ends/pair.c'), 'utf8'));
  const way = JSON.stringify({ messages: 3, bytes: 3, fds: 0, ns: 5, cpu: 5 });
  const told = '"$0" "$(sed -n "s/^Cpus_allowed_list:.//p" /proc/$$/status)"';
  const script = `printf '{"end":"%s","on":"%s","sent":${way},"received":${way}}\n' ${told}`;
  const contender = `{ program: { tool: () => ({ path: '' }), command: () => ['sh', '-c', ${JSON.stringify(script)}] } }`;
  const work = { kind: 'flood', warmup: 1, count: 2, size: 1, fds: 0 };
  const ran = (apart: object): Promise<unknown> =>
    evaluate(
      'measure/exchange.mjs',
      `it.exchange(${JSON.stringify({ ...work, ...apart })}, ${contender}, { pair: ${JSON.stringify(pair)}, files: [] })
        .then(({ ends }) => [ends.sender.on, ends.receiver.on])`,
    );
  await expect(ran({})).resolves.toEqual(['0', '0']);
  const apart = ran({ apart: true });
  if (availableParallelism() > 1) await expect(apart).resolves.toEqual(['0', expect.stringMatching(/^[1-9][0-9]*$/)]);
  else await expect(apart).rejects.toThrow();
});

it('a goal is judged by the median of the ratios of paired runs', async () => {
  const sample = (rate: number) => ({ figures: { rate } });
  const pair = (own: number, reference: number) => ({ own: sample(own), reference: sample(reference) });
  const measured = [
    // Shares of C: 0.75, 0.8, 0.9. The machine was slow in the second round, for both.
    { label: 'ancillary, for await', pairs: [pair(75, 100), pair(8, 10), pair(90, 100)] },
    // Shares of C: 0.1, 0.2, 0.2.
    { label: 'usocket', pairs: [pair(10, 100), pair(2, 10), pair(20, 100)] },
    { label: 'child_process.send', missing: 'not there', pairs: [] },
  ];
  const row = { name: 'fd-frames', reference: { label: 'C' } };
  const verdicts = await evaluate('report/judge.mjs', `it.judge(${JSON.stringify(row)}, ${JSON.stringify(measured)})`);
  expect(verdicts).toMatchObject([
    { of: 'C', value: { median: 0.8, min: 0.75, max: 0.9 }, pass: true },
    { of: 'usocket', value: { median: 4.5 }, pass: true },
    { of: 'child_process.send', unmeasured: 'child_process.send: not there' },
  ]);
});

describe('nothing is left running', () => {
  const run = (command: readonly string[], timeout: number) =>
    evaluate(
      'measure/launch.mjs',
      `it.runPinned(${JSON.stringify(command)}, { timeout: ${timeout} }).catch((error) => error.message)`,
    );

  it('when a program is not done in time', async () => {
    await expect(run(['sleep', '3600'], 50)).resolves.toBe('not done after 50 ms');
  });

  it('when one of two ends fails', async () => {
    const pair = compileC(readFileSync(path.join(BENCH, 'ends/pair.c'), 'utf8'));
    await expect(run([pair, 'false', '--', 'sleep', '3600'], 9_000)).resolves.toBe('ended with 1');
    await expect(run([pair, 'sleep', '3600', '--', 'false'], 9_000)).resolves.toBe('ended with 1');
  });
});
