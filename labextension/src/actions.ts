/** What the panel has done in the rest of the page: in the notebook, beside it, in the clipboard. */
import type { JupyterFrontEnd } from '@jupyterlab/application';
import {
  Clipboard,
  Dialog,
  MainAreaWidget,
  showDialog,
  showErrorMessage
} from '@jupyterlab/apputils';
import { NotebookActions, type NotebookPanel } from '@jupyterlab/notebook';
import { OutputAreaModel, SimplifiedOutputArea } from '@jupyterlab/outputarea';
import type { TranslationBundle } from '@jupyterlab/translation';
import { SplitPanel } from '@lumino/widgets';

import { CommandIDs } from './commands';
import { lambdaIcon } from './icons';
import type { Links } from './links';
import { magicOf } from './model/magic';
import type { Settings } from './settings';
import type { Actions } from './view/context';

export class PageActions implements Actions {
  constructor(
    private readonly _app: JupyterFrontEnd,
    private readonly _links: Links,
    private readonly _trans: TranslationBundle,
    public settings: Settings,
    /** Whether there is room beside the notebook: Notebook 7 has it below. */
    private readonly _hasRoom: boolean
  ) {}

  /** Open the configuration widget of a function beside the notebook, or below it. */
  configure(name: string): void {
    const notebook = this._links.notebook;
    if (!notebook) {
      return;
    }
    const content = new SimplifiedOutputArea({
      model: new OutputAreaModel({ trusted: true }),
      rendermime: notebook.content.rendermime
    });
    const widget = new MainAreaWidget({ content });
    widget.id = `jlambda-configuration-${++this._configured}`;
    widget.addClass('jp-jlambda-configuration');
    widget.title.label = name;
    widget.title.icon = lambdaIcon;
    widget.title.closable = true;
    widget.title.caption = this._trans.__('Configuration of %1', name);
    if (this._hasRoom) {
      this._app.shell.add(widget, 'main', { mode: 'split-right', ref: notebook.id });
    } else {
      this._app.shell.add(widget, 'down');
      this._app.shell.activateById(widget.id);
      // else it opens a few pixels high
      let split = widget.parent;
      while (split && !(split instanceof SplitPanel)) {
        split = split.parent;
      }
      split?.setRelativeSizes([1, 1]);
    }
    const code = `__import__("jlambda").get(${JSON.stringify(name)}).configure()`;
    SimplifiedOutputArea.execute(code, content, notebook.sessionContext, undefined).catch(error =>
      showErrorMessage(this._trans.__('%1 cannot be configured', name), error as Error)
    );
    const close = () => widget.dispose();
    notebook.disposed.connect(close);
    widget.disposed.connect(() => notebook.disposed.disconnect(close));
  }

  copy(text: string): void {
    Clipboard.copyToSystem(text);
  }

  hasCell(name: string): boolean {
    return this._cellOf(name) >= 0;
  }

  /** Show the cell that deployed a function. */
  goToCell(name: string): void {
    const notebook = this._links.notebook;
    const number = this._cellOf(name);
    if (notebook && number >= 0) {
      this._app.shell.activateById(notebook.id);
      notebook.content.activeCellIndex = number;
      void NotebookActions.focusActiveCell(notebook.content, {
        waitUntilReady: true,
        preventScroll: false
      });
    }
  }

  newNotebook(): void {
    void this._app.commands.execute(CommandIDs.quickstart);
  }

  open(url: string): void {
    window.open(url, '_blank', 'noopener');
  }

  /** Delete a function, once the user has said so. */
  async remove(name: string): Promise<boolean> {
    const link = this._links.current;
    if (this.settings.confirmsDelete) {
      const answer = await showDialog({
        title: this._trans.__('Delete %1?', name),
        body: this._trans.__(
          'The function goes, with its versions and triggers; its invocations and logs stay.'
        ),
        buttons: [
          Dialog.cancelButton({ label: this._trans.__('Cancel') }),
          Dialog.warnButton({ label: this._trans.__('Delete') })
        ],
        defaultButton: 0
      });
      if (!answer.button.accept) {
        return false;
      }
    }
    try {
      await link?.ask('delete', { name });
      return true;
    } catch (error) {
      await showErrorMessage(this._trans.__('%1 was not deleted', name), error as Error);
      return false;
    }
  }

  /** The number of the cell that deployed a function, or that would now; -1 where there is none. */
  private _cellOf(name: string): number {
    const notebook: NotebookPanel | null = this._links.notebook;
    const cells = notebook?.content.widgets ?? [];
    const id = this._links.current?.board.cells[name]?.id;
    const found = id ? cells.findIndex(it => it.model.id === id) : -1;
    return found >= 0
      ? found
      : cells.findIndex(it => magicOf(it.model.sharedModel.getSource())?.name === name);
  }

  private _configured = 0;
}
