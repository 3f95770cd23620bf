import { createRequire } from 'node:module';
import type * as FastXmlParser from 'fast-xml-parser';
import { describeValue, invalidType, invalidValue } from '../../binding';
import { ARGUMENT_TYPES } from './compiled';
import type {
  WaylandArgument,
  WaylandArgumentType,
  WaylandInterface,
  WaylandProtocol,
  WaylandSignature,
} from './protocol';

/** An element as the parser gives it: attributes and elements by name, of which these are lists. */
interface Element {
  readonly name?: string;
  readonly interface?: readonly Element[] | string;
  readonly request?: readonly Element[];
  readonly event?: readonly Element[];
  readonly arg?: readonly Element[];
  readonly type?: string;
  readonly 'allow-null'?: string;
}

const LISTS: ReadonlySet<string> = new Set([
  'protocol.interface',
  'interface.request',
  'interface.event',
  'request.arg',
  'event.arg',
]);

/**
 * Reads the interfaces of protocols from their XML: `wayland.xml`, and those of every extension that the peers may use, such
 * as `xdg-shell.xml`. The parser, `fast-xml-parser`, is loaded here and nowhere else: install it beside this package, or keep the
 * result as JSON.
 *
 * @param xml the content of each file
 * @throws TypeError for what is no XML of a Wayland protocol, and for an interface that is defined twice
 */
export function waylandProtocol(...xml: readonly (string | Uint8Array)[]): WaylandProtocol {
  const parse = loadParser();
  const interfaces = new Map<string, WaylandInterface>();
  for (const [index, each] of xml.entries()) {
    for (const [name, { requests, events }] of interfacesOf(parse(each), index)) {
      if (interfaces.has(name)) throw invalidValue(`the interface ${name} is defined twice`);
      interfaces.set(name, { requests, events });
    }
  }
  return Object.fromEntries(interfaces);
}

function loadParser(): (xml: string | Uint8Array) => unknown {
  // By the name that a package.json has, when it is needed first: most programs do without.
  const { XMLParser } = createRequire(__filename)('fast-xml-parser') as typeof FastXmlParser;
  const parser = new XMLParser({
    ignoreAttributes: false,
    attributeNamePrefix: '',
    parseAttributeValue: false,
    processEntities: false,
    isArray: (_name, path) => LISTS.has(String(path).split('.').slice(-2).join('.')),
  });
  return (xml) => {
    if (typeof xml !== 'string' && !(xml instanceof Uint8Array))
      throw invalidType(`xml is the content of a file, not ${describeValue(xml)}`);
    try {
      return parser.parse(typeof xml === 'string' ? xml : Buffer.from(xml).toString(), true) as unknown;
    } catch (error) {
      throw Object.assign(invalidValue('this is no XML'), { cause: error });
    }
  };
}

function* interfacesOf(parsed: unknown, index: number): Generator<[string, WaylandInterface]> {
  const { protocol } = parsed as { readonly protocol?: Element };
  if (typeof protocol !== 'object' || !Array.isArray(protocol.interface))
    throw invalidValue(`the XML number ${index + 1} has no <protocol> with <interface>s in it`);
  for (const each of protocol.interface as readonly Element[]) {
    const name = nameOf(each, 'an interface');
    yield [name, { requests: signatures(name, each.request), events: signatures(name, each.event) }];
  }
}

function signatures(owner: string, elements: readonly Element[] = []): WaylandSignature[] {
  return elements.map((element) => {
    const name = nameOf(element, `a message of ${owner}`);
    return { name, arguments: (element.arg ?? []).map((arg) => argument(`${owner}.${name}`, arg)) };
  });
}

function argument(owner: string, element: Element): WaylandArgument {
  const name = nameOf(element, `an argument of ${owner}`);
  const { type, interface: made } = element;
  if (type === undefined || !ARGUMENT_TYPES.has(type))
    throw invalidValue(`the argument ${name} of ${owner} has the type ${describeValue(type)}`);
  return {
    name,
    type: type as WaylandArgumentType,
    ...(typeof made === 'string' ? { interface: made } : {}),
    ...(element['allow-null'] === 'true' ? { allowNull: true } : {}),
  };
}

function nameOf({ name }: Element, what: string): string {
  if (typeof name === 'string' && name !== '') return name;
  throw invalidValue(`${what} has no name`);
}
