import { readFileSync } from 'node:fs';
import path from 'node:path';

/** The blocks of code on a page, in their order. Each begins with a line that says what it is. */
export function blocks(page: string, language: string): string[] {
  const text = readFileSync(path.join('../docs', page), 'utf8');
  return [...text.matchAll(/^```(\w+)\n([^]*?)^```$/gm)].filter((m) => m[1] === language).map((m) => m[2] ?? '');
}
