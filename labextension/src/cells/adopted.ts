/** One code cell of a notebook: its language, its badge, and the line of it that failed. */
import type { CodeCell } from '@jupyterlab/cells';
import type { CodeMirrorEditor } from '@jupyterlab/codemirror';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';

import type { Link } from '../link';
import { type CellState, cellState, failedLine } from '../model/badge';
import { type Magic, magicOf } from '../model/magic';
import { markFailed } from './editor';

const SIGNS: { [state in CellState]: string } = {
  new: '○',
  deployed: '✓',
  edited: '✎',
  replaced: '↻',
  failed: '✗'
};

export class AdoptedCell {
  constructor(
    private readonly _notebook: NotebookPanel,
    private readonly _cell: CodeCell,
    private readonly _link: Link,
    private readonly _trans: TranslationBundle
  ) {
    const { model } = _cell;
    model.contentChanged.connect(this._edited, this);
    model.mimeTypeChanged.connect(this._highlight, this);
    model.outputs.changed.connect(this.update, this);
    _cell.inViewportChanged.connect(this.update, this);
    // the model may be shown in another view, and live on
    _cell.disposed.connect(() => Signal.clearData(this));
    this._badge.className = 'jlm-badge';
    this._badge.setAttribute('role', 'status');
    this._edited();
  }

  get magic(): Magic | null {
    return this._magic;
  }

  /** Bring the badge and the marked line up to date with what the kernel has. */
  update(): void {
    const magic = this._magic;
    if (!magic || this._link.state !== 'connected') {
      this._badge.remove();
      this._mark(null);
      return;
    }
    const error = this._error();
    const state = cellState(this._link.board, magic.name, this._source, error);
    const line = error === null ? null : failedLine(error);
    this._badge.dataset.state = state;
    this._badge.textContent = `${SIGNS[state]} ${this._word(state, line)}`;
    this._badge.title = error ?? '';
    const input = this._cell.inputArea?.node;
    if (input && this._badge.parentElement !== input) {
      input.append(this._badge);
    }
    this._mark(line);
  }

  private get _source(): string {
    return this._cell.model.sharedModel.getSource();
  }

  private _edited(): void {
    this._magic = magicOf(this._source);
    this._cell.toggleClass('jlm-lambda-cell', this._magic !== null);
    this._highlight();
    this.update();
  }

  private _highlight(): void {
    const { model } = this._cell;
    const wanted =
      this._magic?.mimeType ?? (this._isMine ? this._notebook.content.codeMimetype : null);
    this._isMine = this._magic !== null;
    if (wanted !== null && model.mimeType !== wanted) {
      model.mimeType = wanted;
    }
  }

  /** The error that the cell's last run ended with. */
  private _error(): string | null {
    const { outputs } = this._cell.model;
    for (let i = 0; i < outputs.length; i++) {
      const output = outputs.get(i).toJSON();
      if (output.output_type === 'error') {
        return String(output.evalue);
      }
    }
    return null;
  }

  private _mark(line: number | null): void {
    const editor = this._cell.editor as CodeMirrorEditor | null;
    if (editor && line !== this._marked) {
      this._marked = line;
      markFailed(editor.editor, line);
    }
  }

  private _word(state: CellState, line: number | null): string {
    const trans = this._trans;
    switch (state) {
      case 'new':
        return trans.__('not deployed');
      case 'deployed':
        return trans.__('deployed');
      case 'edited':
        return trans.__('edited since');
      case 'replaced':
        return trans.__('deployed from elsewhere');
      case 'failed':
        return line === null ? trans.__('failed') : trans.__('failed, line %1', line);
    }
  }

  private readonly _badge = document.createElement('span');
  private _isMine = false;
  private _magic: Magic | null = null;
  private _marked: number | null = null;
}
