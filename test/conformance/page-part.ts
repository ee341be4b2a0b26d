/** What one command writes of a page: the lines between `<!-- COMMAND -->` and `<!-- /COMMAND -->`. */
export class PagePart {
  readonly #before: string;
  readonly #after: string;
  readonly text: string;

  /** @throws Error when the page has no such part. */
  constructor(page: string, command: string) {
    const [from, to] = [`<!-- ${command} -->\n`, `<!-- /${command} -->\n`];
    const start = page.indexOf(from) + from.length;
    const end = page.indexOf(to, start);
    if (start < from.length || end < 0) throw new Error(`the page has no ${from.trim()} with ${to.trim()} after it`);
    this.#before = page.slice(0, start);
    this.text = page.slice(start, end);
    this.#after = page.slice(end);
  }

  /** The page with another text in this part. */
  replaced(text: string): string {
    return `${this.#before}${text}${this.#after}`;
  }
}
