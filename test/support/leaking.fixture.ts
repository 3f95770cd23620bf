// Run by descriptors.test.ts, which expects the failures.
import { closeSync, openSync } from 'node:fs';

let openedByTest: number | undefined;
let openedByFile: number;

beforeAll(() => {
  openedByFile = openSync('/dev/full', 'r');
});

afterEach(() => {
  if (openedByTest !== undefined) closeSync(openedByTest);
  openedByTest = undefined;
});

test('leaks', () => {
  openSync('/dev/zero', 'r');
});

test('closes in an afterEach at the top of the file', () => {
  openedByTest = openSync('/dev/zero', 'r');
});

test('closes what was not its own', () => {
  closeSync(openedByFile);
});
