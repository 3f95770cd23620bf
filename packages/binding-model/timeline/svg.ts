/** A piece of a drawing, as text of XML. */
export interface Markup {
  readonly markup: string;
}

export type Attributes = Readonly<Record<string, string | number>>;

/** An element; children that are strings are text. */
export function element(name: string, attributes: Attributes, ...children: readonly (Markup | string)[]): Markup {
  const tag = [name, ...Object.entries(attributes).map(([key, value]) => `${key}="${attribute(value)}"`)].join(' ');
  if (children.length === 0) return { markup: `<${tag}/>` };
  const inner = children.map((child) => (typeof child === 'string' ? escaped(child) : child.markup)).join('');
  return { markup: `<${tag}>${inner}</${name}>` };
}

/** An element with a line for each child, so that versions of a drawing can be compared line by line. */
export function lines(name: string, attributes: Attributes, ...children: readonly Markup[]): Markup {
  return element(name, attributes, { markup: ['', ...children.map(({ markup }) => markup), ''].join('\n') });
}

function attribute(value: string | number): string {
  return typeof value === 'string' ? escaped(value) : String(Math.round(value * 10) / 10);
}

/** What XML 1.0 allows in no form, and a few characters more: controls, halves of surrogate pairs, two non-characters. */
const IMPOSSIBLE = /[\p{Cc}\p{Cs}\ufffe\uffff]/gu;

function escaped(text: string): string {
  return text
    .replace(/[\t\r\n]/g, ' ')
    .replace(IMPOSSIBLE, '\ufffd')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
