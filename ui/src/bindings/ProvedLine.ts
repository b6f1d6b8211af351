import type { Timestamp } from "./Timestamp";
export type ProvedLine = { index: number, proved: boolean, what: string | null, by: string | null, at: Timestamp | null, verdict: string | null, };
