/** The buttons of `%%lambda` cells: deploy, invoke, configure. */
import { type IToolbarWidgetRegistry, ToolbarButton } from '@jupyterlab/apputils';
import type { Cell } from '@jupyterlab/cells';
import type { TranslationBundle } from '@jupyterlab/translation';
import { type LabIcon, runIcon, settingsIcon } from '@jupyterlab/ui-components';

import { lambdaIcon } from '../icons';
import { magicOf } from '../model/magic';

export type CellAct = (cell: Cell, name: string) => void;

/** Add the factories of the buttons that `schema/panel.json` puts into the toolbar of cells. */
export function addButtons(
  registry: IToolbarWidgetRegistry,
  trans: TranslationBundle,
  acts: { deploy: CellAct; invoke: CellAct; configure: CellAct }
): void {
  const buttons: [string, LabIcon, string, CellAct][] = [
    ['jlambda-deploy', lambdaIcon, trans.__('Deploy this function'), acts.deploy],
    ['jlambda-invoke', runIcon, trans.__('Invoke this function'), acts.invoke],
    ['jlambda-configure', settingsIcon, trans.__('Configure this function'), acts.configure]
  ];
  for (const [name, icon, tooltip, act] of buttons) {
    registry.addFactory<Cell>('Cell', name, cell => {
      const source = () => cell.model.sharedModel.getSource();
      const button = new ToolbarButton({
        icon,
        tooltip,
        className: name,
        onClick: () => {
          const magic = magicOf(source());
          if (magic) {
            act(cell, magic.name);
          }
        }
      });
      const show = () => button.setHidden(magicOf(source()) === null);
      cell.model.contentChanged.connect(show);
      button.disposed.connect(() => cell.model.contentChanged.disconnect(show));
      show();
      return button;
    });
  }
}
