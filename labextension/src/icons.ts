import { LabIcon } from '@jupyterlab/ui-components';

export const lambdaIcon = new LabIcon({
  name: 'jlambda:lambda',
  svgstr:
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" width="16"><path class="jp-icon3" fill="#616161" d="M4.5 20.5 10.8 9.3 9.2 5.5H6.5v-2.5h4.4l6.2 14.3 1.8-.9 1.1 2.2-4.2 2.1-3.8-8.6-4.6 8.4z"/></svg>'
});
