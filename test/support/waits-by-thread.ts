import { addon } from '../../packages/binding-native';

// Before each file of test/conformance/over-a-thread.slow.ts: it must not pass by waiting as Node does.
if (addon.poller !== 'thread') throw new Error(`the addon waits by ${addon.poller}`);
