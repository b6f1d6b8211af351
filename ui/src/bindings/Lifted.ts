export type Lifted = { at: number, by: string, reason: string, };
