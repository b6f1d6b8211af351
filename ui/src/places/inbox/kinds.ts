/** The records whose change may change what waits for a person. */
import type { Kind } from '../../bindings/Kind';

export const TOUCHES_INBOX: Kind[] = [
  'approval',
  'task',
  'release',
  'change',
  'delegation',
  'group',
  'ci',
  'dsl_item',
  'dhs_unit',
  'dhs_model',
  'dhs_stock',
  'exception',
];
