/** Pages of what is kept somewhere, for component tests and the stage: a CI, an item of the DSL, a unit of the DHS. */
import type { CiPage } from '../bindings/CiPage';
import type { DslPage } from '../bindings/DslPage';
import type { UnitPage } from '../bindings/UnitPage';
import { a_form } from './classes';
import { ANNA, DIGEST, BEN, HOUR, NOW, QUIET, a_finding, a_row, an_action, an_exception, named } from './world';

export function a_ci_page(): CiPage {
  return {
    ci: {
      id: 'c1',
      number: 'CI-0091822',
      name: 'SW-CORE-1',
      class: 'switch',
      status: 'in_use',
      environment: 'production',
      criticality: 'critical',
      manufacturer: 'Cisco',
      model: 'C6509',
      version: '15.5',
      serial_number: 'FCW2233L0QX',
      asset_tag: '88121',
      location: { site: null, building: 'B', room: 'DC1', rack: 'R12', u: 38 },
      owner: ANNA.id,
      support_group: null,
      attributes: { ports: '40' },
      notes: '',
    },
    path: '/cmdb/CI-0091822',
    pill: { label: 'in use', hue: 'ok' },
    form: a_form(),
    next: [
      { status: 'in_maintenance', label: 'in maintenance' },
      { status: 'retired', label: 'retired' },
    ],
    names: { [ANNA.id]: ANNA.name },
    relations: [
      {
        id: 'e1',
        reads: 'connects to',
        relation_type: 'connects_to',
        outgoing: true,
        other: a_row('ci', 'SW-ACC-07', 'switch', { state: 'in use', hue: 'ok' }),
      },
    ],
    relation_count: 1,
    releases: [a_row('release', 'REL-000123', 'Core switch refresh')],
    changes: [],
    groups: [{ id: 'cg1', name: 'DC1 core', size: 2 }],
    baselines: [
      {
        id: 'b1',
        name: 'REL-000101 before install',
        at: NOW - 900 * HOUR,
        differences: [{ field: 'version', was: '15.2', is: '15.5' }],
      },
    ],
    units: [],
    comments: [],
    sync: QUIET,
  };
}

export function a_dsl_page(): DslPage {
  return {
    item: {
      id: 'd1',
      number: 'DSL-000012',
      name: 'Payroll server',
      version: '9.4.1',
      vendor: 'Acme',
      kind: 'application',
      platform: 'linux x86_64',
      licence: '250 seats to 2027-03',
      files: [{ name: 'payroll-9.4.1.tar.zst', sha256: DIGEST, size_bytes: 1_400_000_000 }],
      state: 'in_quarantine',
      checks: {},
      submitted_by: ANNA.id,
      submitted_at: NOW - 50 * HOUR,
      accepted_by: null,
      accepted_at: null,
      withdrawn_because: '',
    },
    path: '/dsl/DSL-000012',
    pill: { label: 'in quarantine', hue: 'warn' },
    checks: [
      {
        check: 'checksum',
        label: 'Checksum',
        pill: { label: 'passed', hue: 'ok' },
        note: 'equals the vendor’s',
        by: named(ANNA),
        at: NOW - 40 * HOUR,
      },
      {
        check: 'malware_scan',
        label: 'Malware scan',
        pill: { label: 'not recorded', hue: 'neutral' },
        note: '',
        by: null,
        at: null,
      },
    ],
    submitted_by: named(ANNA),
    accepted_by: null,
    actions: [
      an_action('record_check', 'Record a check'),
      an_action('accept', 'Accept', {
        confirm: true,
        findings: [a_finding('CHECK_MISSING', 'The malware scan is not recorded.', 'Record it.')],
      }),
    ],
    releases: [],
    versions: [],
    comments: [],
    sync: QUIET,
  };
}

export function a_unit_page(): UnitPage {
  return {
    unit: {
      id: 'u1',
      number: 'UNI-002211',
      model: 'm1',
      serial_number: 'FCW2233L0QX',
      asset_tag: '88121',
      condition: 'new',
      state: 'reserved',
      bin: { site: null, store: 'DC1-A', aisle: 'A', shelf: '04', bin: '2' },
      reserved_for: 'r1',
      ci: null,
    },
    path: '/dhs/UNI-002211',
    pill: { label: 'reserved', hue: 'info' },
    model: { id: 'm1', manufacturer: 'Cisco', name: 'C9500-40X', part_numbers: ['C9500-40X-A'], height_tenth_u: 10 },
    names: {},
    actions: [
      an_action('issue', 'Issue', { confirm: true }),
      an_action('release_reservation', 'Release the reservation'),
    ],
    release: a_row('release', 'REL-000123', 'Core switch refresh'),
    ci: null,
    exceptions: [an_exception()],
    movements: [
      {
        id: 'v1',
        kind: 'receive',
        label: 'received',
        release: null,
        to: 'DC1-A › A › 04 › 2',
        by: named(BEN),
        at: NOW - 80 * HOUR,
        note: '',
      },
    ],
    comments: [],
    sync: QUIET,
  };
}
