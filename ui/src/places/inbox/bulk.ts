/** Several approvals at once: one sheet that lists them, each vote with its own digest. */
import type { InboxApproval } from '../../bindings/InboxApproval';
import { asCallError } from '../../lib/backend/backend';
import type { WindowParts } from '../../lib/context';
import { text } from '../../lib/form/form';
import { counted } from '../../lib/format';
import { REMARK } from '../../lib/record/act';

export function approveAll({ backend, sheets }: WindowParts, approvals: InboxApproval[], done: () => void): void {
  const lines = approvals.map(
    ({ approval }) => `${approval.subject.number} ${approval.subject.title}: ${approval.gate_label}`,
  );
  sheets.open({
    title: `Approve ${counted(approvals.length, 'request')}`,
    note: `${lines.join('. ')}. Each vote signs the scope that you saw.`,
    fields: [REMARK],
    confirm: `Approve ${approvals.length}`,
    submit: async (values) => {
      const findings = [];
      for (const { approval } of approvals) {
        try {
          await backend.call('approvals.act', {
            approval: approval.id,
            action: 'approve',
            digest: approval.digest ?? undefined,
            note: text(values, 'note'),
          });
        } catch (reason) {
          const error = asCallError(reason);
          if (error.kind === 'trouble') throw error;
          findings.push(...error.findings);
        }
      }
      done();
      // Those that were not refused are given; the reasons of the others stay on the sheet.
      if (findings.length > 0) throw { kind: 'refused', findings };
    },
    done: `${counted(approvals.length, 'request')} approved`,
  });
}
