import { type KernelModelOptions, requireKernelOptions } from './kernel-options';
import type { KernelRules } from './kernel-rules';
import { KernelState } from './kernel-state';
import { ModelProcess } from './model-process';
import { type ProcessOptions, requireProcessOptions } from './process-options';

/**
 * What a kernel does with the bytes and descriptors that are sent over Unix sockets, as a program without input, output
 * or clock: for tests under conditions that the real kernel shows rarely, and to be read. Its rules are the numbered
 * facts of docs/kernel.md. `'linux'` is compared with the running kernel by the tests of this package.
 */
export class KernelModel {
  readonly rules: KernelRules;
  readonly options: KernelModelOptions;
  readonly #state: KernelState;

  /** @throws TypeError and RangeError for options */
  constructor(options: KernelModelOptions = {}) {
    requireKernelOptions(options);
    this.#state = new KernelState(options);
    this.options = options;
    this.rules = this.#state.rules;
  }

  /** A new process, with a descriptor table of its own. @throws TypeError and RangeError for options */
  process(options: ProcessOptions = {}): ModelProcess {
    requireProcessOptions(options);
    return new ModelProcess(this.#state, options);
  }
}
