/** The records whose change may change what a release's page shows. */
import type { Kind } from '../../bindings/Kind';

export const TOUCHES_RELEASE: Kind[] = [
  'release',
  'task',
  'test_record',
  'approval',
  'change',
  'ci',
  'ci_group',
  'dsl_item',
  'dhs_unit',
  'movement',
  'freeze',
  'workspace_rules',
  'approval_policy',
  'comment',
];
