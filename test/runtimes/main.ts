/**
 * npm run test:runtimes [-- [smoke:|suite:|install:|dbus-next:]NAME …]: the package as packed, in every runtime and with every package
 * manager there is; or only those named. The binaries are those of `npm run prebuild`.
 */
import path from 'node:path';
import { beside, besideNames } from './beside-dbus-next';
import { installWith, managerNames } from './managers';
import { binariesOf, makeProject, type Project } from './project';
import { runtimes } from './runtimes';
import { smoke } from './smoke';
import { wholeSuite } from './whole-suite';

type Job = (project: Project) => Promise<string>;

const jobs = new Map<string, Job>();
for (const [name, make] of Object.entries(runtimes)) {
  jobs.set(`smoke:${name}`, async (project) => smoke(make(), project));
}
for (const name of managerNames) jobs.set(`install:${name}`, async (project) => installWith(name, project));
for (const name of besideNames) jobs.set(`dbus-next:${name}`, async (project) => beside(name, project));
for (const [name, make] of Object.entries(runtimes)) {
  if (!/^node-\d/.test(name)) continue;
  jobs.set(`suite:${name}`, async (project) => wholeSuite(make(), project));
}

async function main(names: readonly string[]): Promise<void> {
  const chosen = [...jobs].filter(([job]) => names.length === 0 || names.some((name) => job.startsWith(name)));
  if (chosen.length === 0)
    throw new Error(`nothing is called ${names.join(' ')}; there are ${[...jobs.keys()].join(' ')}`);
  using project = await makeProject();
  console.log(`${path.basename(project.tarball)}, with ${binariesOf(project.directory).join(', ')}`);
  for (const [name, job] of chosen) {
    try {
      console.log(`ok ${name}: ${await job(project)}`);
    } catch (error) {
      process.exitCode = 1;
      console.log(`FAILED ${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

void main(process.argv.slice(2));
