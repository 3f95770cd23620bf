import { parseArgs } from 'node:util';

/** An option of a command: what it is where it is not given, and what it means. */
export interface Option {
  readonly default: string;
  readonly means: string;
}

/**
 * Reads `--name value`, and gives it to `judge`. Ends the process with words about all options where `--help` is asked for
 * (0), and with what is wrong where something is (2).
 */
export function commandLine<Name extends string, Judged>(
  options: Readonly<Record<Name, Option>>,
  judge: (given: Readonly<Record<Name, string>>) => Judged,
): Judged {
  const known = Object.entries<Option>(options);
  try {
    const { values } = parseArgs({
      options: {
        ...Object.fromEntries(
          known.map(([name, option]) => [name, { type: 'string', default: option.default }] as const),
        ),
        help: { type: 'boolean', default: false },
      },
    });
    if (!values.help) return judge(values as Readonly<Record<Name, string>>);
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    process.exit(2);
  }
  for (const [name, { means, default: usual }] of known) console.log(`--${name} ${means}; default: ${usual || 'none'}`);
  process.exit(0);
}

/** @throws RangeError for what is no integer of 31 bits from `least` up */
export function count(text: string, name: string, least = 1): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= 0x7fff_ffff) return value;
  throw new RangeError(`--${name} is an integer from ${least} to 2^31 - 1, not '${text}'`);
}
