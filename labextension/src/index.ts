/** The plugins of the extension, and nothing else. */
import {
  ILabShell,
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette, IToolbarWidgetRegistry } from '@jupyterlab/apputils';
import { type Cell, CodeCell } from '@jupyterlab/cells';
import {
  EditorExtensionRegistry,
  IEditorExtensionRegistry,
  IEditorLanguageRegistry
} from '@jupyterlab/codemirror';
import { ILauncher } from '@jupyterlab/launcher';
import { INotebookTracker, NotebookActions } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { IStatusBar } from '@jupyterlab/statusbar';
import { ITranslator } from '@jupyterlab/translation';

import { PageActions } from './actions';
import { Adoption } from './cells/adoption';
import { lambdaMarks } from './cells/editor';
import { addLanguages } from './cells/languages';
import { addButtons } from './cells/toolbar';
import { CommandIDs } from './commands';
import { lambdaIcon } from './icons';
import { Links } from './links';
import { magicOf } from './model/magic';
import { newQuickstart } from './quickstart';
import { DEFAULTS, read } from './settings';
import { LambdaStatus } from './status';
import { ILambda } from './tokens';
import { LambdaPanel } from './view/panel';

const PANEL = 'jlambda:panel';

const panel: JupyterFrontEndPlugin<ILambda> = {
  id: PANEL,
  description: 'The Lambda functions of the current kernel, in the side bar.',
  autoStart: true,
  provides: ILambda,
  requires: [INotebookTracker, ITranslator],
  optional: [ILabShell, ISettingRegistry, ILayoutRestorer],
  activate: (
    app: JupyterFrontEnd,
    tracker: INotebookTracker,
    translator: ITranslator,
    shell: ILabShell | null,
    registry: ISettingRegistry | null,
    restorer: ILayoutRestorer | null
  ): ILambda => {
    const links = new Links(tracker);
    const trans = translator.load('jlambda');
    const actions = new PageActions(app, links, trans, DEFAULTS, shell !== null);
    const widget = new LambdaPanel(links, actions, translator, DEFAULTS);
    const lambda: ILambda = {
      actions,
      links,
      show: place => {
        if (place) {
          widget.go(place);
        }
        app.shell.activateById(widget.id);
      }
    };
    app.shell.add(widget, 'right', { rank: 700, type: 'jlambda' });
    restorer?.add(widget, widget.id);
    void registry?.load(PANEL).then(settings => {
      const apply = () => {
        actions.settings = widget.settings = read(settings);
      };
      settings.changed.connect(apply);
      apply();
    });
    return lambda;
  }
};

const cells: JupyterFrontEndPlugin<void> = {
  id: 'jlambda:cells',
  description: 'Highlighting, badges and buttons of %%lambda cells.',
  autoStart: true,
  requires: [
    ILambda,
    INotebookTracker,
    ITranslator,
    IEditorExtensionRegistry,
    IEditorLanguageRegistry
  ],
  optional: [IToolbarWidgetRegistry],
  activate: (
    app: JupyterFrontEnd,
    lambda: ILambda,
    tracker: INotebookTracker,
    translator: ITranslator,
    editors: IEditorExtensionRegistry,
    languages: IEditorLanguageRegistry,
    toolbars: IToolbarWidgetRegistry | null
  ) => {
    const trans = translator.load('jlambda');
    editors.addExtension({
      name: 'jlambda:marks',
      factory: () => EditorExtensionRegistry.createImmutableExtension(lambdaMarks)
    });
    addLanguages(languages, trans);
    new Adoption(tracker, lambda.links, trans);
    const deploy = (cell: Cell | null) => {
      const notebook = tracker.currentWidget;
      if (notebook && cell instanceof CodeCell) {
        void NotebookActions.runCells(notebook.content, [cell], notebook.sessionContext);
      }
    };
    const invoke = (_: Cell | null, name: string) => lambda.show({ page: 'function', name });
    const configure = (_: Cell | null, name: string) => lambda.actions.configure(name);
    if (toolbars) {
      addButtons(toolbars, trans, { deploy, invoke, configure });
    }
    const name = () => magicOf(tracker.activeCell?.model.sharedModel.getSource() ?? '')?.name;
    const add = (id: string, label: string, act: (cell: Cell | null, name: string) => void) =>
      app.commands.addCommand(id, {
        label,
        icon: lambdaIcon,
        isEnabled: () => name() !== undefined,
        execute: () => act(tracker.activeCell, name() ?? '')
      });
    add(CommandIDs.deploy, trans.__('Deploy the Function of This Cell'), deploy);
    add(CommandIDs.invoke, trans.__('Invoke the Function of This Cell'), invoke);
    add(CommandIDs.configure, trans.__('Configure the Function of This Cell'), configure);
    tracker.activeCellChanged.connect(() => {
      for (const id of [CommandIDs.deploy, CommandIDs.invoke, CommandIDs.configure]) {
        app.commands.notifyCommandChanged(id);
      }
    });
  }
};

const commands: JupyterFrontEndPlugin<void> = {
  id: 'jlambda:commands',
  description: 'Commands in the palette, and the card of the launcher.',
  autoStart: true,
  requires: [ILambda, ITranslator],
  optional: [ICommandPalette, ILauncher],
  activate: (
    app: JupyterFrontEnd,
    lambda: ILambda,
    translator: ITranslator,
    palette: ICommandPalette | null,
    launcher: ILauncher | null
  ) => {
    const trans = translator.load('jlambda');
    app.commands.addCommand(CommandIDs.show, {
      label: trans.__('Show Lambda Functions'),
      icon: lambdaIcon,
      execute: () => lambda.show()
    });
    app.commands.addCommand(CommandIDs.quickstart, {
      label: trans.__('Lambda Quickstart'),
      caption: trans.__('A new notebook with a first Lambda function'),
      icon: lambdaIcon,
      execute: async args => {
        const path = await newQuickstart(app.serviceManager.contents, String(args.cwd ?? ''));
        // the launcher gives its place to the widget that it is given
        return app.commands.execute('docmanager:open', { path, factory: 'Notebook' });
      }
    });
    for (const command of Object.values(CommandIDs)) {
      palette?.addItem({ command, category: trans.__('Lambda') });
    }
    // a category of its own: the first card's icon is that of its category
    launcher?.add({ command: CommandIDs.quickstart, category: trans.__('Lambda') });
  }
};

const status: JupyterFrontEndPlugin<void> = {
  id: 'jlambda:status',
  description: 'Functions, what runs and what it costs, in the status bar.',
  autoStart: true,
  requires: [ILambda, ITranslator, IStatusBar],
  activate: (_: JupyterFrontEnd, lambda: ILambda, translator: ITranslator, bar: IStatusBar) => {
    const item = new LambdaStatus(lambda.links, translator.load('jlambda'), () => lambda.show());
    bar.registerStatusItem('jlambda:status', {
      item,
      align: 'left',
      rank: 50,
      isActive: () => item.isActive,
      activeStateChanged: item.activeChanged
    });
  }
};

export default [panel, cells, commands, status];
