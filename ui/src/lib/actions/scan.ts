/** Who gets a scanned code: the last that asked (an open cataloguing form), then the application's own look-up. */

export interface Scan {
  code: string;
  /** What had the focus; a text field may take the code as its text. */
  target: Element | null;
}

/** Returns false when the code is not for it. */
export type ScanHandler = (scan: Scan) => boolean;

const handlers: ScanHandler[] = [];

/** Hears scans until the returned function is called. */
export function onScan(handler: ScanHandler): () => void {
  handlers.push(handler);
  return () => {
    const at = handlers.lastIndexOf(handler);
    if (at >= 0) handlers.splice(at, 1);
  };
}

export function deliver(scan: Scan): void {
  for (const handler of [...handlers].reverse()) if (handler(scan)) return;
}

/** Says whether it takes a character that was typed outside text. */
export type TypedHandler = (key: string) => boolean;

const typing: TypedHandler[] = [];

/** Hears what is typed while no text field has the focus, until the returned function is called. */
export function onTyped(handler: TypedHandler): () => void {
  typing.push(handler);
  return () => {
    const at = typing.lastIndexOf(handler);
    if (at >= 0) typing.splice(at, 1);
  };
}

export function deliverTyped(key: string): boolean {
  return typing.toReversed().some((handler) => handler(key));
}
