import type { ProvedLine } from "./ProvedLine";
export type ProofView = { label: string, size: number, checkpoint: string, whole: boolean, entries: Array<ProvedLine>, more: boolean, proof: string, };
