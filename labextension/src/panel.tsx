/** The side panel: what the kernel of the current notebook has. */
import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import type { ITranslator } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import * as React from 'react';

import { lambdaIcon } from './icons';
import { Link } from './link';

export class LambdaPanel extends ReactWidget {
  constructor(tracker: INotebookTracker, translator: ITranslator) {
    super();
    const trans = translator.load('jlambda');
    this.id = 'jlambda-panel';
    this.addClass('jp-jlambda');
    this.title.icon = lambdaIcon;
    this.title.caption = trans.__('Lambda functions');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', trans.__('Lambda functions'));
    this._notebookChanged(tracker, tracker.currentWidget);
    tracker.currentChanged.connect(this._notebookChanged, this);
  }

  protected override render(): React.ReactElement {
    const rows = Object.values(this._link?.board.functions ?? {});
    return (
      <div data-state={this._link?.state ?? 'none'}>
        <ul>
          {rows.map(row => (
            <li key={row.name}>
              {row.name} {row.runtime}
            </li>
          ))}
        </ul>
      </div>
    );
  }

  private _notebookChanged(_: INotebookTracker, notebook: NotebookPanel | null): void {
    this._link?.dispose();
    this._link = notebook && new Link(notebook.sessionContext);
    this._link?.changed.connect(() => this.update());
    this.update();
  }

  private _link: Link | null = null;
}
