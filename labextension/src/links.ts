/** The links of all notebooks that are open, and the one that is shown. */
import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { type ISignal, Signal } from '@lumino/signaling';

import { Link } from './link';

export class Links {
  constructor(private readonly _tracker: INotebookTracker) {
    _tracker.widgetAdded.connect((_, notebook) => this.of(notebook));
    _tracker.forEach(notebook => {
      this.of(notebook);
    });
    _tracker.currentChanged.connect(() => this._changed.emit(null));
    // also where the page is loaded anew
    window.addEventListener('pagehide', () => {
      _tracker.forEach(notebook => {
        this.of(notebook).leave();
      });
    });
  }

  /** Emitted with a link that changed, or null where another notebook is the current one. */
  get changed(): ISignal<this, Link | null> {
    return this._changed;
  }

  get notebook(): NotebookPanel | null {
    return this._tracker.currentWidget;
  }

  /** The link of the current notebook. */
  get current(): Link | null {
    return this.notebook && this.of(this.notebook);
  }

  of(notebook: NotebookPanel): Link {
    let link = this._links.get(notebook);
    if (!link) {
      const made = new Link(notebook.sessionContext);
      made.changed.connect(() => this._changed.emit(made));
      // before the notebook itself: its connection to the kernel goes with it
      notebook.content.disposed.connect(() => made.dispose());
      this._links.set(notebook, made);
      link = made;
    }
    return link;
  }

  private readonly _changed = new Signal<this, Link | null>(this);
  private readonly _links = new WeakMap<NotebookPanel, Link>();
}
