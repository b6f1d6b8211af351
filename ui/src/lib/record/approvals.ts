/** Votes: always on a sheet, always with the digest that was on the screen. */
import type { ActionState } from '../../bindings/ActionState';
import type { ApprovalView } from '../../bindings/ApprovalView';
import type { DenyReason } from '../../bindings/DenyReason';
import type { WindowParts } from '../context';
import { options, type FormField } from '../form/form';
import { DENY_REASONS } from '../form/levels';
import { shortDigest } from '../format';
import { act, REMARK } from './act';

function fieldsOf(approval: ApprovalView, code: string): FormField[] {
  const others = approval.vote_for.filter((who) => who !== null);
  const forWhom: FormField[] =
    others.length > 0 && (code === 'approve' || code === 'deny')
      ? [
          {
            name: 'on_behalf_of',
            label: 'For',
            type: 'select',
            options: others.map(({ id, label }) => ({ value: id, label })),
            needed: !approval.vote_for.includes(null),
            empty: approval.vote_for.includes(null) ? 'myself' : undefined,
          },
        ]
      : [];
  switch (code) {
    case 'approve':
      return [...forWhom, REMARK];
    case 'deny':
      return [
        ...forWhom,
        { name: 'deny_reason', label: 'Reason', type: 'select', options: options(DENY_REASONS), needed: true },
        { name: 'note', label: 'Why, in words', type: 'area', needed: true },
      ];
    default:
      return [{ name: 'note', label: 'Reason', type: 'area', needed: true }];
  }
}

export function vote(parts: WindowParts, approval: ApprovalView, action: ActionState): void {
  const code = action.action.replaceAll('-', '_');
  const signed = approval.digest ? ` Your vote signs the scope with the digest ${shortDigest(approval.digest)}.` : '';
  act(parts, {
    number: approval.subject.number,
    action: { ...action, confirm: true },
    note: `${approval.subject.title}: ${approval.gate_label}, ${approval.rule_label}.${signed}`,
    fields: fieldsOf(approval, code),
    danger: code === 'deny',
    call: ({ note, deny_reason, on_behalf_of }) =>
      parts.backend.call('approvals.act', {
        approval: approval.id,
        action: action.action,
        digest: approval.digest ?? undefined,
        note: typeof note === 'string' ? note : '',
        deny_reason: deny_reason as DenyReason | undefined,
        on_behalf_of: on_behalf_of as string | undefined,
      }),
  });
}
