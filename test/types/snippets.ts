import path from 'node:path';
import ts from 'typescript';
import { built } from '../support/built';

const root = path.resolve(__dirname, '../..');

/** As strict as a user's project may be, and without what only some turn on. */
const OPTIONS: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  lib: ['lib.es2022.d.ts', 'lib.esnext.disposable.d.ts'],
  module: ts.ModuleKind.Node16,
  moduleResolution: ts.ModuleResolutionKind.Node16,
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  esModuleInterop: false,
  allowSyntheticDefaultImports: false,
  skipLibCheck: false,
  noEmit: true,
  types: ['node'],
};

/** Pieces of a user's program, compiled with the declarations that are shipped. */
export class Snippets {
  readonly #program: ts.Program;
  readonly #sources: readonly string[];

  /** @param prelude stands in front of each */
  constructor(prelude: string, sources: readonly string[]) {
    built();
    const texts = new Map(
      sources.map((source) => [
        fileOf(sources, source),
        `${prelude}\nexport async function snippet() {\n${source}\n}\n`,
      ]),
    );
    const host = ts.createCompilerHost(OPTIONS);
    const onDisk = { ...host };
    host.fileExists = (file) => texts.has(file) || onDisk.fileExists(file);
    host.readFile = (file) => texts.get(file) ?? onDisk.readFile(file);
    host.getSourceFile = (file, version, ...rest) => {
      const text = texts.get(file);
      return text === undefined
        ? onDisk.getSourceFile(file, version, ...rest)
        : ts.createSourceFile(file, text, version);
    };
    this.#program = ts.createProgram([...texts.keys()], OPTIONS, host);
    this.#sources = sources;
  }

  /** What the compiler says of one. */
  errorsOf(source: string): string[] {
    return this.#errors(this.#program.getSourceFile(fileOf(this.#sources, source)));
  }

  /** What it says of the declarations themselves, those of Node left out. */
  errorsOfDeclarations(): string[] {
    const own = this.declarations();
    if (own.length === 0) throw new Error('no declaration of the package was read');
    return own.flatMap((file) => this.#errors(file).map((error) => `${file.fileName}: ${error}`));
  }

  declarations(): ts.SourceFile[] {
    const dist = path.join(root, 'dist') + path.sep;
    return this.#program.getSourceFiles().filter(({ fileName }) => fileName.startsWith(dist));
  }

  #errors(file: ts.SourceFile | undefined): string[] {
    if (file === undefined) throw new Error('it is not in the program');
    const found = [...this.#program.getSyntacticDiagnostics(file), ...this.#program.getSemanticDiagnostics(file)];
    return found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
  }
}

/** In the package's own directory, which may import itself by its name. */
function fileOf(sources: readonly string[], source: string): string {
  return path.join(root, 'test/types', `snippet-${sources.indexOf(source)}.mts`);
}

/** A test for each snippet: those that compile, and those of which the compiler says exactly one thing. */
export function testSnippets(
  prelude: string,
  compiles: readonly (readonly [name: string, source: string])[],
  refused: readonly (readonly [source: string, message: RegExp])[],
): Snippets {
  const snippets = new Snippets(prelude, [
    ...compiles.map(([, source]) => source),
    ...refused.map(([source]) => source),
  ]);

  test.each(compiles)('compiles: %s', (_name, source) => {
    expect(snippets.errorsOf(source)).toEqual([]);
  });

  test.each(refused)('does not compile: %s', (source, message) => {
    const errors = snippets.errorsOf(source);
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatch(message);
  });

  return snippets;
}
