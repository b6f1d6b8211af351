/** What the record says may be done with it, in words. No rule is here: the record brings the reasons. */
import type { ActionState } from '../../bindings/ActionState';

/** Every reason, a line each; undefined where it is allowed. */
export function whyNot(action: ActionState | undefined): string | undefined {
  if (!action || action.allowed) return undefined;
  if (action.findings.length === 0) return 'Not allowed now';
  return action.findings.map(({ sentence, way_out }) => `${sentence} ${way_out}`).join('\n');
}

/** The action of a code, whichever way its words are joined. */
export function find(actions: readonly ActionState[], code: string): ActionState | undefined {
  return actions.find(({ action }) => action.replaceAll('-', '_') === code);
}
