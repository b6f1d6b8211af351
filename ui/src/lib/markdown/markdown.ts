/** Markdown as a tree of what it says. Nothing of it is ever handed to the browser as HTML: HTML in it is text. */
import { Lexer, type Token, type Tokens } from 'marked';

/** Quotations and lists within one another that are drawn; deeper ones are shown as they were written. */
export const DEPTH_MOST = 20;

/** Where a link may lead: to pages and mail, never to code or a file. */
const SCHEMES = ['http:', 'https:', 'mailto:'];

/** What a text says, block by block. */
export function blocksOf(text: string): Token[] {
  return new Lexer({ gfm: true, breaks: true }).lex(text);
}

/** The address of a link as it is opened; `undefined` if it leads nowhere that may be opened. */
export function addressOf({ href }: Pick<Tokens.Link, 'href'>): string | undefined {
  try {
    const url = new URL(href);
    return SCHEMES.includes(url.protocol) ? url.href : undefined;
  } catch {
    return undefined;
  }
}

/** What a token has within it. */
export function within(token: Token): Token[] {
  return 'tokens' in token && token.tokens ? token.tokens : [];
}
