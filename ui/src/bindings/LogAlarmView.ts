import type { Lifted } from "./Lifted";
export type LogAlarmView = { number: number, stops: boolean, sentence: string, way_out: string, at: number, seen_entries: number, shown_entries: number, seen: string, shown: string, proof: Array<string>, lifted: Lifted | null, };
