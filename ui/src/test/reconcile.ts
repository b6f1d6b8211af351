/** What the workspace in memory answers about what was seen. */
import type { AccuracyList } from '../bindings/AccuracyList';
import type { IdentificationView } from '../bindings/IdentificationView';
import type { ObservationPage } from '../bindings/ObservationPage';
import type { ListRow } from '../bindings/ListRow';
import { NOW } from './world';

const action = (code: string, title: string) => ({
  action: code,
  title,
  allowed: true,
  findings: [],
  needs_reason: code === 'dismiss',
  confirm: false,
});

const FACT = { gap: false, managed: false, decided: '', change: null };

export function an_observation_page(row: ListRow, ci: ListRow): ObservationPage {
  return {
    row,
    source: 'lshw',
    seen_at: NOW,
    by: 'Anna',
    site: 'Bremen',
    absent: false,
    identity: [{ field: 'host name', value: 'srv-7' }],
    rule: 'host name',
    ci,
    candidates: [],
    class: '',
    facts: [
      { ...FACT, field: 'attributes.os', recorded: 'Debian 12', seen: 'Debian 13', differs: true },
      { ...FACT, field: 'version', recorded: '7', seen: '8', differs: true, managed: true },
      { ...FACT, field: 'model', recorded: '', seen: 'R650', differs: false, gap: true },
    ],
    actions: [
      action('accept', 'Accept what was seen'),
      action('keep', 'Keep the record'),
      action('dismiss', 'Dismiss'),
    ],
  };
}

const FIGURES = { matched: 7, settled: 1, mismatched: 1, missing: 0, unknown: 1 };

export const ACCURACY: AccuracyList = {
  sites: [{ site: 's1', name: 'Bremen', accuracy: FIGURES, total: 10, open: 2, per_mille: 800 }],
  all: { site: '', name: '', accuracy: FIGURES, total: 10, open: 2, per_mille: 800 },
};

export const RULES: IdentificationView = {
  order: [
    { rule: 'serial', label: 'serial number and manufacturer' },
    { rule: 'mac', label: 'MAC address' },
  ],
  unused: [{ rule: 'host_name', label: 'host name' }],
  managed: ['class', 'version'],
  denied: null,
};
