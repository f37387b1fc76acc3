/** The plugins of the extension, and nothing else. */
import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ITranslator } from '@jupyterlab/translation';

import { CommandIDs } from './commands';
import { lambdaIcon } from './icons';
import { LambdaPanel } from './panel';

const panel: JupyterFrontEndPlugin<void> = {
  id: 'jlambda:panel',
  description: 'The Lambda functions of the current kernel, in the side bar.',
  autoStart: true,
  requires: [INotebookTracker, ITranslator],
  optional: [ILayoutRestorer, ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    tracker: INotebookTracker,
    translator: ITranslator,
    restorer: ILayoutRestorer | null,
    palette: ICommandPalette | null
  ) => {
    const trans = translator.load('jlambda');
    const widget = new LambdaPanel(tracker, translator);
    app.shell.add(widget, 'right', { rank: 700, type: 'jlambda' });
    restorer?.add(widget, widget.id);
    app.commands.addCommand(CommandIDs.show, {
      label: trans.__('Show Lambda Functions'),
      icon: lambdaIcon,
      execute: () => app.shell.activateById(widget.id)
    });
    palette?.addItem({ command: CommandIDs.show, category: 'Lambda' });
  }
};

export default [panel];
