/** The ids of the commands that this extension adds. */
export const CommandIDs = {
  show: 'jlambda:show',
  quickstart: 'jlambda:quickstart',
  deploy: 'jlambda:deploy',
  invoke: 'jlambda:invoke',
  configure: 'jlambda:configure'
} as const;
