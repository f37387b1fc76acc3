/** The languages of `%%lambda` cells whose modes cannot pass over the magic's line by themselves. */
import { LanguageSupport, StreamLanguage, type StreamParser } from '@codemirror/language';
import type { IEditorLanguageRegistry } from '@jupyterlab/codemirror';
import type { TranslationBundle } from '@jupyterlab/translation';

import { belowMagic } from '../model/below';
import { BELOW } from '../model/magic';

type Load = () => Promise<StreamParser<unknown>>;

const MODES: [string, string, Load][] = [
  ['Ruby', 'text/x-ruby', async () => (await import('@codemirror/legacy-modes/mode/ruby')).ruby],
  ['Go', 'text/x-go', async () => (await import('@codemirror/legacy-modes/mode/go')).go],
  [
    'C#',
    'text/x-csharp',
    async () =>
      (await import('@codemirror/legacy-modes/mode/clike')).csharp as StreamParser<unknown>
  ],
  ['Shell', 'text/x-sh', async () => (await import('@codemirror/legacy-modes/mode/shell')).shell]
];

/** Add them, each by a MIME type of its own. */
export function addLanguages(registry: IEditorLanguageRegistry, trans: TranslationBundle): void {
  for (const [language, mime, load] of MODES) {
    registry.addLanguage({
      name: `lambda-${language.toLowerCase()}`,
      displayName: trans.__('%1 in a Lambda cell', language),
      mime: BELOW[mime],
      load: async () => new LanguageSupport(StreamLanguage.define(belowMagic(await load())))
    });
  }
}
