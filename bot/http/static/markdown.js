// A small, safe part of Markdown, built from DOM nodes: what a model writes is never parsed as HTML.
// Paragraphs, headings (as bold lines), lists, code, bold, emphasis, links to http and https, citations [n].

const INLINE =
  /(`+)(?<code>[^`]+?)\1|\*\*(?<bold>[^*\n]+?)\*\*|(?<![\w*])\*(?<soft>[^*\s][^*\n]*?)\*(?![\w*])|\[(?<link>[^\]\n]+)\]\((?<target>https?:\/\/[^\s)]+)\)|(?<url>https?:\/\/[^\s<>"'）。，、]+[^\s<>"'）。，、.,;:!?)\]])|\[(?<cited>\d{1,3}(?:\s*[,，]\s*\d{1,3})*)\]/gu;
const ITEM = /^\s*(?:(?<bullet>[-*•])|(?<number>\d{1,3})[.)])\s+(?<text>.*)$/u;
const HEADING = /^\s*#{1,6}\s+(?<text>.*)$/u;
const FENCE = /^\s*```/u;

/** `text` as nodes. `cite(n)` gives the node for a citation, or null where `n` is none. */
export function render(text, cite) {
  const blocks = document.createDocumentFragment();
  const lines = text.replaceAll("\r\n", "\n").split("\n");
  while (lines.length) {
    if (!lines[0].trim()) lines.shift();
    else if (FENCE.test(lines[0])) blocks.append(fence(lines));
    else if (ITEM.test(lines[0])) blocks.append(list(lines, cite));
    else if (HEADING.test(lines[0])) blocks.append(heading(lines, cite));
    else blocks.append(paragraph(lines, cite));
  }
  return blocks;
}

function make(name, ...children) {
  const element = document.createElement(name);
  element.append(...children);
  return element;
}

function fence(lines) {
  lines.shift();
  const code = [];
  while (lines.length && !FENCE.test(lines[0])) code.push(lines.shift());
  lines.shift();
  const block = make("pre", make("code", code.join("\n")));
  block.tabIndex = 0;
  return block;
}

function list(lines, cite) {
  const first = ITEM.exec(lines[0]).groups;
  const items = make(first.bullet ? "ul" : "ol");
  if (first.number) items.start = Number(first.number);
  while (lines.length) {
    const item = ITEM.exec(lines[0])?.groups;
    if (!item || Boolean(item.bullet) !== Boolean(first.bullet)) break;
    lines.shift();
    items.append(make("li", inline(item.text, cite)));
  }
  return items;
}

function heading(lines, cite) {
  const { text } = HEADING.exec(lines.shift()).groups;
  const line = make("p", inline(text, cite));
  line.className = "heading";
  return line;
}

function paragraph(lines, cite) {
  const block = make("p", inline(lines.shift(), cite));
  while (lines.length && lines[0].trim() && ![FENCE, ITEM, HEADING].some((form) => form.test(lines[0]))) {
    block.append(make("br"), inline(lines.shift(), cite));
  }
  return block;
}

function inline(text, cite) {
  const nodes = document.createDocumentFragment();
  let at = 0;
  for (const match of text.matchAll(INLINE)) {
    const before = text.slice(at, match.index);
    const node = marked(match, cite);
    const clings = match.groups.cited && typeof node !== "string"; // a citation belongs to the word before it
    nodes.append(clings ? before.trimEnd() : before, node);
    at = match.index + match[0].length;
  }
  nodes.append(text.slice(at));
  return nodes;
}

function marked(match, cite) {
  const { code, bold, soft, link, target, url, cited } = match.groups;
  if (code) return make("code", code);
  if (bold) return make("strong", inline(bold, cite));
  if (soft) return make("em", inline(soft, cite));
  if (cited) return citations(match[0], cited, cite);
  return anchor(link ?? url, target ?? url);
}

function citations(text, cited, cite) {
  const nodes = cited.split(/[,，]/u).map((n) => cite(Number(n)));
  if (nodes.includes(null)) return text;
  const group = document.createDocumentFragment();
  group.append(...nodes);
  return group;
}

/** A link that opens elsewhere and tells the other site nothing of this page. Other schemes stay text. */
export function anchor(text, target) {
  const link = make("a", text);
  link.href = target;
  link.target = "_blank";
  link.rel = "noopener noreferrer";
  return link;
}
