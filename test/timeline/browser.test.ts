import { readFileSync } from 'node:fs';
import path from 'node:path';
import { createContext, Script } from 'node:vm';
import ts from 'typescript';
import type * as Model from '../../packages/binding-model/kernel';
import { parsed } from './parsed';

const entry = path.resolve(__dirname, '../../packages/binding-model/kernel/index.ts');

/** Loads modules where there is the language and nothing else: no `require` of packages, no `process`, no `Buffer`. */
class BareLoader {
  readonly files: string[] = [];
  readonly #context = createContext({});
  readonly #modules = new Map<string, { exports: unknown }>();

  load(file: string): unknown {
    const known = this.#modules.get(file);
    if (known !== undefined) return known.exports;
    this.files.push(file);
    const loaded = { exports: {} };
    this.#modules.set(file, loaded);
    const { outputText } = ts.transpileModule(readFileSync(file, 'utf8'), {
      compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.CommonJS },
    });
    const script = new Script(`(function (module, exports, require) {${outputText}\n})`, { filename: file });
    const run = script.runInContext(this.#context) as (module: object, exports: object, require: object) => void;
    run(loaded, loaded.exports, (specifier: string) => this.load(this.#resolve(file, specifier)));
    return loaded.exports;
  }

  #resolve(from: string, specifier: string): string {
    if (!specifier.startsWith('.')) throw new Error(`${from} needs ${specifier}`);
    const target = path.resolve(path.dirname(from), specifier);
    return [`${target}.ts`, path.join(target, 'index.ts')].find((file) => ts.sys.fileExists(file)) ?? target;
  }
}

test('The model and the drawing run where there is nothing but the language, as in a browser', async () => {
  const loader = new BareLoader();
  const { drawTimeline, KernelModel } = loader.load(entry) as typeof Model;
  const events: Model.TraceEvent[] = [];
  const process = new KernelModel({ trace: (event) => events.push(event) }).process();
  const [from, to] = process.socketpair('stream');
  process.sendmsg(from, { bytes: new Uint8Array(100_000), fds: [[process.open('a')]] });
  process.recvmsg(to, { size: 100_000, controlLength: 100 });
  const [svg] = await parsed([drawTimeline(events)]);
  expect(svg?.one('band').all('receive')).toHaveLength(1);
  expect(loader.files.length).toBeGreaterThan(20);
});
