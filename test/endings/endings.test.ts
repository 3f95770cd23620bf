import { mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { Control } from '../faults/control';
import { SHIM_FLAGS, shimSource } from '../faults/shim';
import { compileC, runDirectory, start } from '../support/children';
import { plainProgram } from '../support/plain-javascript';
import { ENDINGS, HOOKS } from './hooks';

interface Line {
  readonly hook: string;
  readonly ending: string;
  readonly wrong: readonly string[];
}

test('wherever a program ends a socket, a signal, a server, itself or its worker: all promises settle, all is closed, once', async () => {
  const directory = mkdtempSync(path.join(runDirectory(), 'endings-'));
  try {
    const control = path.join(directory, 'control');
    Control.make(control);
    const program = plainProgram('test/endings/program.ts', 'test/support', 'test/faults');
    const { code, stdout, stderr } = await start(process.execPath, [program], {
      args: [control, directory],
      env: {
        NODE_NO_WARNINGS: '1',
        LD_PRELOAD: compileC(shimSource(), SHIM_FLAGS),
        ANCILLARY_FAULTS: control,
        NODE_EXTRA_CA_CERTS: '',
      },
    }).finished;
    const lines = stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Line);
    expect(lines.filter(({ wrong }) => wrong.length > 0)).toEqual([]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(lines).toHaveLength(HOOKS.length * (ENDINGS.length + 1));
  } finally {
    rmSync(directory, { recursive: true });
  }
});
