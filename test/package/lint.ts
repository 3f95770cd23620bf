import path from 'node:path';
import { node } from '../support/children';

const root = path.resolve(__dirname, '../..');

/** What some rules of the repository's own ESLint configuration report for sources, had they been written to those files. */
export async function lint(
  rules: readonly string[],
  sources: Readonly<Record<string, string>>,
): Promise<Record<string, string[]>> {
  const script = `
    const { ESLint } = require('eslint');
    const { rules, sources } = JSON.parse(require('fs').readFileSync(0, 'utf8'));
    (async () => {
      // Types play no part in these rules, and files that are not there have none.
      const eslint = new ESLint({
        cwd: process.argv[1],
        overrideConfig: { languageOptions: { parserOptions: { projectService: false, project: null } } },
        ruleFilter: ({ ruleId }) => rules.includes(ruleId),
      });
      const reports = {};
      for (const [file, source] of Object.entries(sources)) {
        const [result] = await eslint.lintText(source, { filePath: file });
        reports[file] = result.messages.map(({ message }) => message);
      }
      console.log(JSON.stringify(reports));
    })();`;
  const input = JSON.stringify({ rules, sources });
  const { stdout } = await node(script, { args: [root], input }).succeeded();
  return JSON.parse(stdout) as Record<string, string[]>;
}
