/** What the plugins of this extension give each other. */
import { Token } from '@lumino/coreutils';

import type { PageActions } from './actions';
import type { Links } from './links';
import type { Place } from './view/context';

/** The kernels' functions, and what can be done with them. */
export interface ILambda {
  actions: PageActions;
  links: Links;
  /** Bring the panel to the front, at a page. */
  show(place?: Place): void;
}

export const ILambda = new Token<ILambda>(
  'jlambda:ILambda',
  'The Lambda functions of the open notebooks.'
);
