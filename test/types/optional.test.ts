import { readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { built } from '../support/built';

// Whoever compiles with exactOptionalPropertyTypes may say that a member is undefined, wherever it may be left out.

const ROOT = path.resolve(__dirname, '../..');
const DIST = path.join(ROOT, 'dist') + path.sep;

/** What the package returns, and nobody gives. */
const RETURNED = ['FdInfo', 'ReceivedMessage', 'SystemError'];

/** The declarations of what users import. */
function entryPoints(): string[] {
  const { exports } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as {
    exports: Record<string, { require?: { types?: string } } | string>;
  };
  return Object.values(exports).flatMap((entry) =>
    typeof entry === 'string' || entry.require?.types === undefined ? [] : [path.join(ROOT, entry.require.types)],
  );
}

/** Types that are exported, by their names. */
function* exportedTypes(checker: ts.TypeChecker, program: ts.Program): Generator<[string, ts.Type]> {
  for (const entry of entryPoints()) {
    const file = program.getSourceFile(entry);
    const symbol = file && checker.getSymbolAtLocation(file);
    for (const each of symbol === undefined ? [] : checker.getExportsOfModule(symbol)) {
      const target = each.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(each) : each;
      if (target.flags & (ts.SymbolFlags.Interface | ts.SymbolFlags.TypeAlias))
        yield [each.name, checker.getDeclaredTypeOfSymbol(target)];
    }
  }
}

/** Members, and those of each type that a union has. */
function membersOf(type: ts.Type): ts.Symbol[] {
  return type.isUnion() ? type.types.flatMap(membersOf) : type.getProperties();
}

/** Whether it can be left out, and not be undefined. */
function mustBeLeftOut(declaration: ts.Declaration): boolean {
  if (!declaration.getSourceFile().fileName.startsWith(DIST) || !ts.isPropertySignature(declaration)) return false;
  const { questionToken, type } = declaration;
  return questionToken !== undefined && type !== undefined && !/\b(undefined|unknown|any)\b/.test(type.getText());
}

it('what may be left out may be undefined, in every type that is exported', () => {
  built();
  const program = ts.createProgram(entryPoints(), { strict: true, exactOptionalPropertyTypes: true, types: ['node'] });
  const checker = program.getTypeChecker();
  const wrong = new Set<string>();
  let optional = 0;
  for (const [name, type] of exportedTypes(checker, program)) {
    for (const member of membersOf(type)) {
      if (member.flags & ts.SymbolFlags.Optional) optional++;
      const found = member.declarations?.some(mustBeLeftOut) === true;
      if (found && !RETURNED.includes(name)) wrong.add(`${name}.${member.name}`);
    }
  }
  expect([...wrong]).toEqual([]);
  expect(optional).toBeGreaterThan(100);
});
