import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer } from 'node:net';
import path from 'node:path';
import { c, compileC, node, perl, python, runDirectory, start } from './children';

const languages = {
  python: () => python('import os, sys; os.write(3, sys.argv[1].encode()); print("done")', options()),
  perl: () => perl('open(my $f, ">&=", 3) or die $!; syswrite($f, $ARGV[0]); print "done\\n"', options()),
  node: () => node('require("fs").writeSync(3, process.argv[1]); console.log("done")', options()),
  c: () =>
    c(
      '#include <stdio.h>\n#include <string.h>\n#include <unistd.h>\nint main(int n, char **a) { return write(3, a[1], strlen(a[1])) < 0 || puts("done") < 0; }',
      options(),
    ),
};
let directory: string;
let fd: number;
const options = () => ({ descriptors: [fd], args: ['hello'] });

beforeEach(() => {
  directory = mkdtempSync(path.join(runDirectory(), 'children-'));
  writeFileSync(path.join(directory, 'at-3'), '');
  fd = openSync(path.join(directory, 'at-3'), 'w');
});

afterEach(() => {
  closeSync(fd);
  rmSync(directory, { recursive: true });
});

test.each(Object.keys(languages) as (keyof typeof languages)[])('%s gets a descriptor at 3', async (language) => {
  const result = await languages[language]().succeeded();
  expect(result).toEqual({ code: 0, signal: null, stdout: 'done\n', stderr: '' });
  expect(readFileSync(path.join(directory, 'at-3'), 'utf8')).toBe('hello');
});

test('a child can be given a socket by its path, and its lines read while it runs', async () => {
  const server = createServer((socket) => socket.end('from the server\n'));
  const address = path.join(directory, 'socket');
  await once(server.listen(address), 'listening');
  await using child = python(
    'import socket, sys\ns = socket.socket(socket.AF_UNIX)\ns.connect(sys.argv[1])\nprint("connected", flush=True)\nprint(s.recv(99).decode(), end="")',
    { args: [address] },
  );
  expect(await child.line()).toBe('connected');
  expect(await child.line()).toBe('from the server');
  await child.succeeded();
  await expect(child.line()).rejects.toThrow('before it wrote another line');
  server.close();
  await once(server, 'close');
});

test('input reaches the child', async () => {
  const { stdout } = await start('cat', [], { input: 'text' }).succeeded();
  expect(stdout).toBe('text');
});

test('a child that fails says what it wrote', async () => {
  const child = node('console.error("why"); process.exit(3)');
  await expect(child.succeeded()).rejects.toThrow(/ended with 3[^]*why/);
});

test('a child that does not end is killed and reported', async () => {
  const child = node('console.log("here"); setInterval(() => {}, 1000)', { timeout: 500 });
  await expect(child.finished).rejects.toThrow(/still running after 500 ms/);
});

test('a program that is not there is reported', async () => {
  await expect(start('/nonexistent/program', []).finished).rejects.toThrow('ENOENT');
});

test('C is compiled once, and its errors are shown', () => {
  const source = 'int main(void) { return 0; }';
  expect(compileC(source)).toBe(compileC(source));
  expect(compileC(source, ['-O2'])).not.toBe(compileC(source));
  expect(() => compileC('int main(void) { return undeclared; }')).toThrow(/gcc failed:[^]*undeclared/);
});
