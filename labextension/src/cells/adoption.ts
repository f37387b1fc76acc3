/** Finds the code cells of all notebooks, and keeps each in step with its kernel. */
import { type Cell, CodeCell } from '@jupyterlab/cells';
import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';

import type { Links } from '../links';
import { AdoptedCell } from './adopted';

export class Adoption {
  constructor(
    tracker: INotebookTracker,
    private readonly _links: Links,
    private readonly _trans: TranslationBundle
  ) {
    tracker.widgetAdded.connect((_, notebook) => this._adoptAll(notebook));
    tracker.forEach(notebook => {
      this._adoptAll(notebook);
    });
  }

  of(cell: Cell): AdoptedCell | null {
    return this._cells.get(cell) ?? null;
  }

  private _adoptAll(notebook: NotebookPanel): void {
    const link = this._links.of(notebook);
    const adopt = () => {
      for (const cell of notebook.content.widgets) {
        if (cell instanceof CodeCell && !this._cells.has(cell)) {
          this._cells.set(cell, new AdoptedCell(notebook, cell, link, this._trans));
        }
      }
    };
    let seen: unknown[] = [];
    const update = () => {
      // badges depend on nothing else
      const { cells, functions } = link.board;
      const now = [link.state, cells, Object.keys(functions).join()];
      if (now.some((it, i) => it !== seen[i])) {
        seen = now;
        for (const cell of notebook.content.widgets) {
          this._cells.get(cell)?.update();
        }
      }
    };
    void notebook.context.ready.then(adopt);
    notebook.content.modelContentChanged.connect(adopt);
    link.changed.connect(update);
    notebook.disposed.connect(() => link.changed.disconnect(update));
  }

  private readonly _cells = new WeakMap<Cell, AdoptedCell>();
}
