/** What the user has set, read from the settings registry. */
import type { ISettingRegistry } from '@jupyterlab/settingregistry';

export const COLUMNS = [
  'runtime',
  'memory',
  'version',
  'state',
  'calls',
  'errors',
  'cost'
] as const;
export type Column = (typeof COLUMNS)[number];

export interface Settings {
  columns: readonly Column[];
  confirmsDelete: boolean;
  /** How often moving pictures are drawn, in ms. */
  refreshMs: number;
}

export const DEFAULTS: Settings = { columns: COLUMNS, confirmsDelete: true, refreshMs: 500 };

export function read(settings: ISettingRegistry.ISettings): Settings {
  const found = settings.composite as unknown as {
    columns: { [column in Column]?: boolean };
    confirmDelete: boolean;
    refreshInterval: number;
  };
  return {
    columns: COLUMNS.filter(it => found.columns[it] !== false),
    confirmsDelete: found.confirmDelete,
    refreshMs: found.refreshInterval
  };
}
