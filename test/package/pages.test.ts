import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { root } from './npm';
import { pages } from './readme-programs';

// README.md and the pages beside it: length, links, lists of contents.

const all = [...pages(root), 'CHANGELOG.md', 'examples/README.md'];

interface Heading {
  readonly level: number;
  readonly anchor: string;
}

function read(page: string): string {
  return readFileSync(path.join(root, page), 'utf8');
}

function withoutBlocks(markdown: string): string {
  return markdown.replace(/^(`{3,})[^]*?^\1$/gm, '');
}

/** The headings, with the anchors that GitHub gives them. */
function headingsOf(markdown: string): Heading[] {
  const taken = new Set<string>();
  return [...withoutBlocks(markdown).matchAll(/^(#{1,6}) +(.*)$/gm)].map(([, marks = '', text = '']) => {
    const slug = slugOf(text);
    let anchor = slug;
    for (let number = 1; taken.has(anchor); number++) anchor = `${slug}-${number}`;
    taken.add(anchor);
    return { level: marks.length, anchor };
  });
}

function slugOf(heading: string): string {
  const visible = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
  return visible
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replace(/\s/g, '-');
}

/** Targets within the repository, of links and of pictures. */
function linksIn(markdown: string): string[] {
  const text = withoutBlocks(markdown).replace(/`[^`\n]*`/g, '``');
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target));
}

function isBroken(page: string, link: string): boolean {
  const [file = '', anchor] = link.split('#');
  const target = file === '' ? page : path.join(path.dirname(page), file);
  if (!existsSync(path.join(root, target))) return true;
  return anchor !== undefined && !headingsOf(read(target)).some((heading) => heading.anchor === anchor);
}

test('README.md has at most 250 lines', () => {
  expect(read('README.md').trimEnd().split('\n').length).toBeLessThanOrEqual(250);
});

test.each(all)('the links of %s lead to files and headings that exist', (page) => {
  expect(linksIn(read(page)).filter((link) => isBroken(page, link))).toEqual([]);
});

test('README.md links to every page in docs/', () => {
  const linked = linksIn(read('README.md')).map((link) => link.split('#')[0]);
  expect(all.filter((page) => page.startsWith('docs/') && !linked.includes(page))).toEqual([]);
});

test.each(all.filter((page) => page.startsWith('docs/')))('a list of contents in %s has every section', (page) => {
  const markdown = read(page);
  const [beginning = ''] = withoutBlocks(markdown).split(/^## /m);
  const listed = linksIn(beginning).filter((link) => link.startsWith('#'));
  const sections = headingsOf(markdown).filter(({ level }) => level === 2);
  const needed = sections.length > 3 && page !== 'docs/architecture.md';
  if (needed || listed.length > 0) expect(listed).toEqual(sections.map(({ anchor }) => `#${anchor}`));
});

test('anchors are those of GitHub', () => {
  const anchors = headingsOf('# A [b](c)\n\n## `a()`, and *b*: c-d\n\n```\n# code\n```\n\n## A b\n');
  expect(anchors.map(({ anchor }) => anchor)).toEqual(['a-b', 'a-and-b-c-d', 'a-b-1']);
});
