import type { AttributeField } from '../bindings/AttributeField';
import type { CiForm } from '../bindings/CiForm';
import type { CiHistoryView } from '../bindings/CiHistoryView';
import type { ClassTree } from '../bindings/ClassTree';
import { ANNA, HOUR, NOW, named } from './world';

/** A class with an attribute that has a unit, and a value. */
export function a_form(): CiForm {
  return {
    class: 'switch',
    name: 'Switch',
    icon: 'network',
    known: true,
    attributes: [
      {
        attribute: {
          name: 'throughput',
          title: 'Throughput',
          type: { number: { unit: 'Gbit/s', min: '0', max: null } },
          required: false,
          default: '',
          managed: false,
          help: '',
        },
        declared: true,
        field: 'attributes.throughput',
        value: '40 Gbit/s',
        shown: '40 Gbit/s',
        words: 'a number in Gbit/s of at least 0',
        example: '0 Gbit/s',
        wrong: '',
      },
    ],
  };
}

export function a_class_tree(): ClassTree {
  const [{ attribute }] = a_form().attributes as [AttributeField];
  const hardware = {
    key: 'hardware',
    name: 'Hardware',
    parent: null,
    depth: 0,
    icon: 'hard-drive',
    description: 'What can be touched.',
    open: true,
    attributes: [attribute],
    inherited: [],
    cis: 0,
  };
  return {
    classes: [
      hardware,
      {
        ...hardware,
        key: 'switch',
        name: 'Switch',
        parent: 'hardware',
        depth: 1,
        attributes: [],
        inherited: [{ from: 'Hardware', attribute }],
        cis: 4,
      },
    ],
    relation_types: [
      {
        id: 'k1',
        key: 'depends_on',
        name: 'depends on',
        inverse: 'is used by',
        symmetric: false,
        sources: [],
        targets: [],
        one_source: false,
        one_target: false,
        may_cycle: true,
        carries: 'to_source',
        retired: false,
      },
    ],
    may_edit: true,
  };
}

export function a_history(): CiHistoryView {
  return {
    lines: [
      {
        at: NOW - HOUR,
        by: named(ANNA),
        what: 'edit a CI',
        cause: { id: 'r1', label: 'REL-000123' },
        fields: [{ field: 'version', title: 'version', from: '15.2', to: '15.5' }],
        relations: ['added: connects to SW-ACC-07'],
      },
    ],
    total: 1,
  };
}
