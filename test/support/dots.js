'use strict';

/** A dot for each file of tests: what there is to see of `npm test` until it ends. */
module.exports = class Dots {
  /** @param {unknown} _test @param {{ numFailingTests: number, testExecError?: unknown }} result */
  onTestFileResult(_test, { numFailingTests, testExecError }) {
    process.stderr.write(numFailingTests > 0 || testExecError !== undefined ? 'F' : '.');
  }

  onRunComplete() {
    process.stderr.write('\n');
  }
};
