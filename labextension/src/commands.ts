/** The ids of the commands that this extension adds. */
export const CommandIDs = {
  show: 'jlambda:show'
} as const;
