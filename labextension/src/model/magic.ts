/** What the first line of a `%%lambda` cell says of it. */

export interface Magic {
  name: string;
  /** What the cell's body is written in, as a MIME type. */
  mimeType: string;
  /** The number of the line that the magic stands on, from 0: comments may stand above it. */
  line: number;
}

/** What these languages are called in a cell that begins with the magic: modes of their own, that pass over it. */
export const BELOW: { [mimeType: string]: string } = {
  'text/x-ruby': 'text/x-lambda-ruby',
  'text/x-go': 'text/x-lambda-go',
  'text/x-csharp': 'text/x-lambda-csharp',
  'text/x-sh': 'text/x-lambda-sh'
};

const LINE = /^\s*%%lambda\b(.*)$/;
const PYTHON = 'text/x-ipython';
/** By how the name of the runtime begins; the longest that fits counts. */
const LANGUAGES: [string, string][] = [
  ['python', PYTHON],
  ['nodejs', 'text/javascript'],
  ['node', 'text/javascript'],
  ['javascript', 'text/javascript'],
  ['java', 'text/x-java'],
  ['ruby', 'text/x-ruby'],
  ['go', 'text/x-go'],
  ['dotnet', 'text/x-csharp'],
  ['csharp', 'text/x-csharp'],
  ['c#', 'text/x-csharp'],
  ['bash', 'text/x-sh'],
  ['provided', 'text/x-sh']
];
/** Options that take no value: what follows them may be the function's name. */
const FLAGS = new Set(['-q', '--quiet', '--no-layers', '--snap-start', '--no-snap-start']);

/** The magic of a cell, null where it has none, or no name yet. */
export function magicOf(source: string): Magic | null {
  const lines = source.split('\n');
  const line = lines.findIndex(it => it.trim() !== '' && !it.trimStart().startsWith('#'));
  const found = line < 0 ? null : LINE.exec(lines[line]);
  if (!found) {
    return null;
  }
  let name = '';
  let runtime = 'python';
  const words = wordsOf(found[1]);
  for (let i = 0; i < words.length; i++) {
    const [option, value] = split(words[i]);
    if (!option.startsWith('-')) {
      name = name || words[i];
    } else if (option === '--runtime' || option === '-r') {
      runtime = value ?? words[++i] ?? '';
    } else if (value === null && !FLAGS.has(option)) {
      i++;
    }
  }
  return name ? { name, mimeType: mimeTypeOf(runtime), line } : null;
}

function mimeTypeOf(runtime: string): string {
  const fits = LANGUAGES.filter(([prefix]) => runtime.toLowerCase().startsWith(prefix));
  fits.sort(([a], [b]) => b.length - a.length);
  const mimeType = fits[0]?.[1] ?? 'text/plain';
  return BELOW[mimeType] ?? mimeType;
}

function split(word: string): [string, string | null] {
  const at = word.startsWith('--') ? word.indexOf('=') : -1;
  return at < 0 ? [word, null] : [word.slice(0, at), word.slice(at + 1)];
}

/** The words of a line; quotes keep spaces together. */
function wordsOf(line: string): string[] {
  return line.match(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g) ?? [];
}
