'use strict';

/** A dot for each file of tests, or what failed in it: what there is to see of `npm test` until it ends. */
module.exports = class Dots {
  /** @param {unknown} _test @param {{ numFailingTests: number, testExecError?: unknown, failureMessage?: string | null }} result */
  onTestFileResult(_test, { numFailingTests, testExecError, failureMessage }) {
    const failed = numFailingTests > 0 || testExecError !== undefined;
    // The summary repeats failures where there are more than 20 files alone.
    process.stderr.write(failed ? `F\n${failureMessage ?? ''}\n` : '.');
  }

  onRunComplete() {
    process.stderr.write('\n');
  }
};
