import { python } from '../support/children';

/** An element of a drawing, as a real parser of XML understood it. */
export class Element {
  readonly children: readonly Element[];

  constructor(private readonly parsed: Parsed) {
    this.children = parsed.children.map((child) => new Element(child));
  }

  get name(): string {
    return this.parsed.name;
  }

  /** Its own, without its children's. */
  get text(): string {
    return this.parsed.text;
  }

  attribute(name: string): string {
    const value = this.parsed.attributes[name];
    if (value === undefined) throw new Error(`<${this.name}> has no ${name}`);
    return value;
  }

  has(name: string): boolean {
    return name in this.parsed.attributes;
  }

  number(name: string): number {
    return Number(this.attribute(name));
  }

  get classes(): readonly string[] {
    return this.parsed.attributes['class']?.split(' ') ?? [];
  }

  /** All in it that are of that class or, failing that, have that name. */
  all(nameOrClass: string): Element[] {
    return this.children.flatMap((child) => [
      ...(child.name === nameOrClass || child.classes.includes(nameOrClass) ? [child] : []),
      ...child.all(nameOrClass),
    ]);
  }

  one(nameOrClass: string): Element {
    const [found, ...more] = this.all(nameOrClass);
    if (found === undefined || more.length > 0) throw new Error(`${more.length + (found ? 1 : 0)} of ${nameOrClass}`);
    return found;
  }
}

interface Parsed {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly text: string;
  readonly children: readonly Parsed[];
}

const PARSER = `
import json, sys
from xml.etree import ElementTree
def tree(element):
    return {
        'name': element.tag.split('}')[-1],
        'attributes': element.attrib,
        'text': element.text or '',
        'children': [tree(child) for child in element],
    }
print(json.dumps([tree(ElementTree.fromstring(drawing)) for drawing in json.load(sys.stdin)]))
`;

/** Parses drawings, which must be well-formed XML. */
export async function parsed(drawings: readonly string[]): Promise<Element[]> {
  const { stdout } = await python(PARSER, { input: JSON.stringify(drawings) }).succeeded();
  return (JSON.parse(stdout) as Parsed[]).map((each) => new Element(each));
}
