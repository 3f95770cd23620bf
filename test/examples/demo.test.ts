import path from 'node:path';
import { start } from '../support/children';

const parent = path.resolve(__dirname, '../../examples/demo/parent.js');

test('the demo shows every frame whole, and ends with both processes as they began', async () => {
  const { stdout, stderr } = await start(process.execPath, [parent]).succeeded();
  expect(stderr).toBe('');
  expect(stdout).toMatch(/\nThe child holds the same \d+ descriptors as at the start\.\n/);
  expect(stdout).toMatch(/\nThe parent holds the same \d+ descriptors as at the start\.\n/);
  expect(stdout).toMatch(/\nBoth processes hold the same descriptors as at the start\.\n$/);
});

test('the demo shows what was coalesced and split', async () => {
  const { stdout } = await start(process.execPath, [parent]).succeeded();
  expect(section(stdout, 'What the kernel delivers')).toMatch(/1, 2, 3 +3 frames coalesced/);
  expect(section(stdout, 'What the kernel delivers')).toMatch(/part of 5 +a frame split/);
});

test('the demo shows what each descriptor is and gives', async () => {
  const { stdout } = await start(process.execPath, [parent]).succeeded();
  const frames = section(stdout, 'What the child gets').replace(/ +/g, ' ').split('\n');
  expect(frames).toEqual(
    expect.arrayContaining([
      ' 3 43 to 73 24 "a file, go on reading it" file, at byte 15 of 46',
      ' reads "the second line\\nthe third line\\n"',
      ' 4 73 to 102 23 "some memory, and a pipe" memfd of 12 bytes, sealed: seal, shrink, grow, write',
      ' reads "colour=blue\\n"',
      ' pipe, to read',
      ' reads "through the pipe\\n"',
      expect.stringMatching(/^ 5 102 to 60108 60000 .* tcp-socket, listening at 127\.0\.0\.1:\d+$/),
    ]),
  );
  expect(section(stdout, 'Over the TCP socket that was passed')).toMatch(/child: +process \d+/);
});

/** What stands below a heading, up to the next one. */
function section(output: string, heading: string): string {
  const [, text] = output.split(`\n${heading}\n`);
  if (text === undefined) throw new Error(`"${heading}" is not in:\n${output}`);
  return text.split(/\n[^\n]+\n=+\n/)[0] ?? '';
}
