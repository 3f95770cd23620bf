import path from 'node:path';
import { node } from '../support/children';

const helpers = path.resolve(__dirname, '../../examples/demo/descriptors.js');

test('the demo’s comparison of descriptors sees what was left open, closed, or replaced', async () => {
  const script = `
    const fs = require('fs');
    const { differencesFrom, openDescriptors, openWhatNodeKeeps } = require(${JSON.stringify(helpers)});
    (async () => {
      await openWhatNodeKeeps();
      const closed = fs.openSync('/dev/null');
      const replaced = fs.openSync('/dev/null');
      const before = openDescriptors();
      console.log(JSON.stringify(await differencesFrom(before)));
      fs.closeSync(replaced);
      fs.openSync('/dev/zero');
      const left = fs.openSync('/dev/full');
      fs.closeSync(closed);
      console.log(JSON.stringify({ closed, replaced, left, differences: await differencesFrom(before) }));
    })();`;
  const { stdout } = await node(script).succeeded();
  const [same = '', changed = ''] = stdout.split('\n');
  expect(JSON.parse(same)).toEqual([]);
  const { closed, replaced, left, differences } = JSON.parse(changed) as Record<string, unknown>;
  expect(differences).toEqual([
    `descriptor ${String(closed)}: was /dev/null, is closed`,
    `descriptor ${String(replaced)}: was /dev/null, is /dev/zero`,
    `descriptor ${String(left)}: was closed, is /dev/full`,
  ]);
});
