/** The named values of the generated types, in the order in which a person chooses; the types check that each exists. */
import type { Assessment } from '../../bindings/Assessment';
import type { ChangeKind } from '../../bindings/ChangeKind';
import type { Carries } from '../../bindings/Carries';
import type { CheckKind } from '../../bindings/CheckKind';
import type { CiStatus } from '../../bindings/CiStatus';
import type { Condition } from '../../bindings/Condition';
import type { Criticality } from '../../bindings/Criticality';
import type { DenyReason } from '../../bindings/DenyReason';
import type { Environment } from '../../bindings/Environment';
import type { Face } from '../../bindings/Face';
import type { Impact } from '../../bindings/Impact';
import type { ItemKind } from '../../bindings/ItemKind';
import type { Outcome } from '../../bindings/Outcome';
import type { Packaging } from '../../bindings/Packaging';
import type { Phase } from '../../bindings/Phase';
import type { PlanKind } from '../../bindings/PlanKind';
import type { ReleaseClass } from '../../bindings/ReleaseClass';
import type { ReleaseType } from '../../bindings/ReleaseType';
import type { Risk } from '../../bindings/Risk';
import type { Role } from '../../bindings/Role';
import type { Urgency } from '../../bindings/Urgency';

export const RELEASE_TYPES: ReleaseType[] = ['software', 'hardware'];
export const RELEASE_CLASSES: ReleaseClass[] = ['major', 'minor', 'emergency'];
export const PACKAGINGS: Packaging[] = ['full', 'delta', 'package'];
export const IMPACTS: Impact[] = ['enterprise', 'site_department', 'multiple_users', 'user'];
export const URGENCIES: Urgency[] = ['critical', 'high', 'average', 'low'];
export const ASSESSMENTS: Assessment[] = ['high', 'medium', 'low'];
export const RISKS: Risk[] = ['very_low', 'low', 'medium', 'high', 'very_high'];
export const OUTCOMES: Outcome[] = ['successful', 'successful_with_problems', 'failed'];
export const CHANGE_KINDS: ChangeKind[] = ['normal', 'standard', 'emergency'];
export const EARLIER_PHASES: Phase[] = ['assess', 'plan_and_design', 'build_and_test'];
export const TASK_PHASES: Phase[] = [
  'assess',
  'plan_and_design',
  'build_and_test',
  'training',
  'distribution_and_rollout',
  'verification',
  'back_out',
];
export const PLANS: PlanKind[] = ['rollout', 'back_out', 'test', 'training', 'support', 'risk_management'];
export const DENY_REASONS: DenyReason[] = [
  'insufficient_information',
  'technical',
  'financial',
  'resource_availability',
  'requester_not_authorised',
  'not_aligned_with_strategy',
  'incomplete_impact_assessment',
];
export const CI_STATUSES: CiStatus[] = [
  'planned',
  'received',
  'available',
  'reserved',
  'in_build',
  'in_test',
  'pending',
  'installed',
  'in_use',
  'in_maintenance',
  'missing',
  'retired',
  'disposed',
];
export const ENVIRONMENTS: Environment[] = ['production', 'test', 'development'];
export const FACES: Face[] = ['front', 'rear', 'full_depth'];
export const CARRIES: Carries[] = ['nothing', 'to_target', 'to_source', 'both_ways'];
export const CRITICALITIES: Criticality[] = ['critical', 'high', 'medium', 'low'];
export const ITEM_KINDS: ItemKind[] = [
  'application',
  'package',
  'image',
  'firmware',
  'source',
  'script',
  'document',
  'licence',
];
export const CHECKS: CheckKind[] = ['checksum', 'signature', 'malware_scan', 'licence'];
export const CONDITIONS: Condition[] = ['new', 'used', 'refurbished', 'faulty'];
export const ROLES: Role[] = [
  'administrator',
  'release_manager',
  'release_coordinator',
  'build_manager',
  'change_manager',
  'change_coordinator',
  'approver',
  'configuration_manager',
  'dsl_librarian',
  'dhs_storekeeper',
  'technician',
  'auditor',
  'viewer',
];
