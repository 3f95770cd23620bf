import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { watch } from 'node:fs';
import type { Circus } from '@jest/types';
import NodeEnvironment from 'jest-environment-node';
import { type Descriptors, expectDescriptors, openDescriptors } from './descriptors';
import { printOtherWarnings } from './expected-warnings';

/**
 * Node's environment plus one rule for every test: it leaves exactly the descriptors open that it found open. The same
 * holds for a test file as a whole, with its beforeAll and afterAll.
 *
 * It is an environment and not a hook because a setup file's afterEach runs before the afterEach hooks at the top of a
 * test file, and because fake timers of a test do not reach here.
 */
export default class DescriptorCheckingEnvironment extends NodeEnvironment {
  private beforeFile: Descriptors = new Map();
  private beforeTest: Descriptors = new Map();

  override async setup(): Promise<void> {
    await super.setup();
    printOtherWarnings();
    await openWhatNodeOpensOnce();
  }

  async handleTestEvent(event: Circus.Event, state: Circus.State): Promise<void> {
    switch (event.name) {
      case 'run_start':
        this.beforeFile = openDescriptors();
        break;
      case 'test_start':
        this.beforeTest = openDescriptors();
        break;
      case 'test_done':
        await expectDescriptors(this.beforeTest, `the test "${event.test.name}"`).catch((error: unknown) => {
          event.test.errors.push(error);
        });
        break;
      case 'run_finish':
        // What a test leaked is reported with the test; this adds what beforeAll and afterAll leaked.
        if (state.rootDescribeBlock.children.length > 0) {
          await expectDescriptors(this.beforeFile, 'this test file (its tests, beforeAll and afterAll)').catch(
            (error: unknown) => {
              state.unhandledErrors.push(error);
            },
          );
        }
        break;
      default:
        break;
    }
  }
}

let opened: Promise<void> | undefined;

/**
 * Node opens some descriptors when they are first needed and keeps them until the process ends. They are opened here,
 * before anything is compared, so that the comparison needs no exceptions.
 */
function openWhatNodeOpensOnce(): Promise<void> {
  opened ??= (async () => {
    // The pipe on which the event loop learns of signals, and the /dev/null it keeps in reserve for when descriptors run
    // out while accepting, which comes with the first stream.
    await once(spawn(process.execPath, ['--version']), 'close');
    // The event loop's inotify instance.
    watch('/', { persistent: false }).close();
  })();
  return opened;
}
