/** Names of the forms of documents and keys, as their makers write them. */
import type { KeyForm } from '../../bindings/KeyForm';
import type { SbomForm } from '../../bindings/SbomForm';

export const SBOM_FORMS: Record<SbomForm, string> = { cyclone_dx: 'CycloneDX', spdx: 'SPDX' };

export const KEY_FORMS: Record<KeyForm, string> = { minisign: 'Minisign', ssh: 'SSH', open_pgp: 'OpenPGP' };
