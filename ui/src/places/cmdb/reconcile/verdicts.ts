/** The verdicts on what was seen: their words, their keys. Which of them fit, each observation says itself. */
import type { Verdict } from '../../../bindings/Verdict';

export interface VerdictWords {
  verdict: Verdict;
  title: string;
  /** On the button that carries it out. */
  confirm: string;
  /** What comes of it. */
  about: string;
  key: string;
}

export const VERDICTS: VerdictWords[] = [
  {
    verdict: 'accept',
    title: 'Accept what was seen',
    confirm: 'Accept',
    about: 'The record takes over the values. Managed fields are left: a change sets them.',
    key: 'a',
  },
  {
    verdict: 'keep',
    title: 'Keep the record',
    confirm: 'Keep the record',
    about: 'The record stays as it is, until something else is seen.',
    key: 'w',
  },
  {
    verdict: 'change',
    title: 'Register an unplanned change',
    confirm: 'Register the change',
    about: 'A change is registered for each CI, with what differs. Its value can be accepted once it is implemented.',
    key: 'u',
  },
  {
    verdict: 'register',
    title: 'Register as a CI',
    confirm: 'Register',
    about: 'Each unknown thing becomes a CI with what was seen of it.',
    key: 'r',
  },
  {
    verdict: 'link',
    title: 'Link to a CI',
    confirm: 'Link',
    about: 'The unknown thing is this CI, until a rule recognises it as another.',
    key: 'c',
  },
  {
    verdict: 'mark_missing',
    title: 'Mark as missing',
    confirm: 'Mark as missing',
    about: 'The status of each CI becomes missing.',
    key: 'm',
  },
  {
    verdict: 'dismiss',
    title: 'Dismiss',
    confirm: 'Dismiss',
    about: 'It is no matter of the CMDB; the reason is kept.',
    key: 'x',
  },
  {
    verdict: 'look_again',
    title: 'Compare again',
    confirm: 'Compare again',
    about: 'Each is recognised by the present rules and compared with the record as it is.',
    key: 'l',
  },
];

/** What waits for a decision, as a filter. */
export const OPEN = 'state:mismatch,missing,unknown';
